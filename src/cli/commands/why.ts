import type { Command } from 'commander'
import type { ArtifactArguments } from '../actions/artifact-named.ts'
import { artifactText, withRun } from './artifacts.ts'
import { withJson } from './options.ts'

/** `pipewright why`. */
export function registerWhy(program: Command): void {
  const why = program
    .command('why')
    .argument('<artifact>', artifactText)
    .description('where an artifact comes from, back to source bytes and code')
  withJson(withRun(why)).action(async (artifact: string, options: ArtifactArguments) =>
    (await import('../actions/why.ts')).whyCommand(artifact, options),
  )
}
