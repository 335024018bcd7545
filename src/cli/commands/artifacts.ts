import type { Command } from 'commander'
import type { ArtifactArguments } from '../actions/artifact-named.ts'
import type { ExportArguments } from '../actions/artifacts-transfer.ts'
import { runText, withJson } from './options.ts'

/** What the argument of commands on an artifact may be. */
export const artifactText = 'digest, or the start of one; an output of the run, or node.output'

/** Where names of outputs are looked up. */
export function withRun(command: Command): Command {
  return command.option('--run <run>', 'where names of outputs are looked up; default: the latest run')
}

/** `pipewright artifacts`. */
export function registerArtifacts(program: Command): void {
  const artifacts = program
    .command('artifacts')
    .description('list, print, describe, export and import stored values')
  withJson(
    artifacts
      .command('list', { isDefault: true })
      .argument('[run]', `${runText}; default: the latest`)
      .description('the inputs and outputs of a run and of its steps'),
  ).action(async (run: string | undefined, options: { readonly json?: boolean }) =>
    (await import('../actions/artifacts-list.ts')).listCommand(run, options),
  )
  withJson(
    withRun(
      artifacts.command('show').argument('<artifact>', artifactText).description('describe one artifact'),
    ),
  ).action(async (artifact: string, options: ArtifactArguments) =>
    (await import('../actions/artifacts-show.ts')).showArtifactCommand(artifact, options),
  )
  withRun(
    artifacts
      .command('cat')
      .argument('<artifact>', artifactText)
      .description('print the content: JSON, the bytes of a file, the rows of a table as CSV')
      .option('--raw', 'the stored bytes, whatever they are'),
  ).action(async (artifact: string, options: ArtifactArguments & { readonly raw?: boolean }) =>
    (await import('../actions/artifacts-show.ts')).catCommand(artifact, options),
  )
  withJson(
    withRun(
      artifacts
        .command('export')
        .argument('[artifact]', `${artifactText}; without one: the whole run, for import`)
        .requiredOption(
          '-o, --output <path>',
          'a path that is not there yet; .csv and .ndjson make a table text',
        )
        .description('write a stored value as ordinary files, or a run for another workspace'),
    ),
  ).action(async (artifact: string | undefined, options: ExportArguments) =>
    (await import('../actions/artifacts-transfer.ts')).exportCommand(artifact, options),
  )
  withJson(
    artifacts
      .command('import')
      .argument('<folder>', 'a run that `artifacts export` has written')
      .description('take in a run of another workspace: its record, values, lineage and cache entries'),
  ).action(async (folder: string, options: { readonly json?: boolean }) =>
    (await import('../actions/artifacts-transfer.ts')).importCommand(folder, options),
  )
}
