import type { Command } from 'commander'
import type { ResumeArguments } from '../actions/resume.ts'
import { runText, withJson, withProgress } from './options.ts'

/** `pipewright resume`. */
export function registerResume(program: Command): void {
  const resume = program
    .command('resume')
    .argument('<run>', runText)
    .description('go on with a run that has not succeeded; what has succeeded is not run again')
    .option('--accept-code', 'although the code of unfinished steps has changed')
    .option('--take-over', 'although another process seems to drive it')
  withJson(withProgress(resume), 'events as lines of JSON (schemas/events.json)').action(
    async (run: string, options: ResumeArguments) =>
      (await import('../actions/resume.ts')).resumeCommand(run, options),
  )
}
