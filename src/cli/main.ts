#!/usr/bin/env node
import { Command } from 'commander'
import { PipewrightError } from '../internal/error.ts'
import { printableLines } from '../ui/text.ts'
import { packageVersion } from '../workspace/version.ts'
import { exitCodes } from './exit-codes.ts'

/** For options that may be given several times: a variadic one would take the arguments after it. */
function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value]
}

function build(): Command {
  const program = new Command('pipewright')
    .description('Typed pipelines with a cache that is right, resume, and lineage')
    .version(packageVersion())
    .showHelpAfterError('(pipewright --help lists the commands)')
  program
    .command('run')
    .argument('<pipeline>', 'file, file#export, or a name of the settings')
    .description('run a pipeline')
    .option('--inputs <file>', 'JSON file with the inputs; paths in it are relative to the current folder')
    .option('--tag <tag>', 'a label of the run; may be given several times', collect)
    .option('--key <key>', 'a name of yours: the same key and inputs attach to, or resume, that run')
    .option('--concurrency <n>', 'how many steps run at once', Number)
    .option('--failure <policy>', 'stop (default) or continue')
    .option('--timeout <duration>', "the longest the run may take, such as '30m'")
    .option('--cache <mode>', 'refresh (execute all, make new entries), readonly or off')
    .option('--refresh <pattern>', 'nodes to execute again; may be given several times', collect)
    .option('--verify-cache <share>', 'recompute a share of the hits, such as 5%, and compare the outputs')
    .action(async (pipeline: string, options: object) =>
      (await import('./run.ts')).runCommand(pipeline, options),
    )
  program
    .command('check')
    .argument('<pipeline>', 'file, file#export, or a name of the settings')
    .description('what can be known before a run: what is not cached and why, resources, dead ends')
    .option('--hermetic', 'run each step in a process of its own, and report what it uses undeclared')
    .option('--inputs <file>', 'with --hermetic: JSON file with the inputs')
    .action(async (pipeline: string, options: object) =>
      (await import('./check.ts')).checkCommand(pipeline, options),
    )
  program
    .command('runs')
    .description('list runs')
    .option('--pipeline <name>')
    .option('--state <state>', 'running, waiting, succeeded, failed, cancelled or interrupted')
    .option('--tag <tag>')
    .option('--limit <n>', 'default 20', Number)
    .option('--after <cursor>', 'the cursor that the page before has printed')
    .action(async (options: object) => (await import('./runs.ts')).runsCommand(options))
  program
    .command('show')
    .argument('<run>', 'run id, or the start of one')
    .description('show a run: its nodes, times, hits, metrics and outputs')
    .action(async (run: string) => (await import('./runs.ts')).showCommand(run))
  program
    .command('plan')
    .argument('<pipeline>', 'file, file#export, or a name of the settings')
    .description('show what a run would do, without running it')
    .option('--inputs <file>', 'JSON file with the inputs; paths in it are relative to the current folder')
    .option('--explain', 'what would be executed, what reused, and why')
    .action(async (pipeline: string, options: object) =>
      (await import('./plan.ts')).planCommand(pipeline, options),
    )
  program
    .command('digests')
    .argument('<pipeline>', 'file, file#export, or a name of the settings: the sources')
    .description('record the code digests of steps for a module that was built of them')
    .requiredOption('--built <file>', 'the built module that defines the steps: a bundle, minified or not')
    .action(async (pipeline: string, options: { readonly built: string }) =>
      (await import('./digests.ts')).digestsCommand(pipeline, options),
    )
  program
    .command('explain')
    .argument('<run>', 'run id, or the start of one')
    .argument('[node]', 'default: all steps of the run')
    .description('why nodes were executed or reused: what has changed since when')
    .action(async (run: string, node: string | undefined) =>
      (await import('./explain.ts')).explainCommand(run, node),
    )
  program
    .command('resume')
    .argument('<run>', 'run id, or the start of one')
    .description('go on with a run that has not succeeded; what has succeeded is not run again')
    .option('--accept-code', 'although the code of unfinished steps has changed')
    .option('--take-over', 'although another process seems to drive it')
    .action(async (run: string, options: object) => (await import('./run.ts')).resumeCommand(run, options))
  return program
}

/** What to do about a run that did not succeed is printed below its tree already. */
function messageOf(error: PipewrightError): string {
  if (error.fix === undefined || typeof error.details.run !== 'string' || !('nodes' in error.details))
    return error.message
  return error.message.slice(0, -`\nFix: ${error.fix}`.length)
}

try {
  await build().parseAsync()
} catch (error) {
  if (PipewrightError.isInstance(error)) {
    process.stderr.write(`${error.code}: ${printableLines(messageOf(error))}\n`)
    process.exitCode = exitCodes[error.code] ?? 1
  } else {
    process.stderr.write(
      `${printableLines(error instanceof Error ? (error.stack ?? error.message) : String(error))}\n`,
    )
    process.exitCode = 70
  }
}
