import type { Command } from 'commander'
import type { InitArguments } from '../actions/init.ts'
import { withJson } from './options.ts'

/** `pipewright init`. */
export function registerInit(program: Command): void {
  const init = program
    .command('init')
    .argument('[folder]', 'default: the current one', '.')
    .description('make a project: a typed pipeline that works, its data and a test')
    .option('--javascript', 'JavaScript; default: TypeScript')
    .option('--test <runner>', 'node (node:test) or vitest', 'node')
    .option('--name <name>', 'of the package; default: that of the folder')
    .option('--package <spec>', 'the pipewright to depend on: a version or a tarball; default: this one')
    .option('--no-install', 'do not install packages')
    .option('--force', 'write over files that are there; package.json and .gitignore are only added to')
  withJson(init).action(async (folder: string, options: InitArguments) =>
    (await import('../actions/init.ts')).initCommand(folder, options),
  )
}
