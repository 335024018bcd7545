import type { Command } from 'commander'
import type { PyTypesArguments } from '../actions/py-types.ts'
import { collect, withJson } from './options.ts'

/** `pipewright py`. */
export function registerPy(program: Command): void {
  const py = program.command('py').description('write the steps of Python functions')
  const types = py
    .command('types')
    .argument('<source>', 'a file (steps/train.py), or a module as import names it (steps.train)')
    .argument('[function...]', 'default: all public functions that return a dict of outputs')
    .description('write a typed step for each function of Python, by its annotations; nothing of it is run')
    .option('-o, --out <file>', 'the TypeScript file to write; default: standard output')
    .option('--check', 'write nothing: exit code 1 where the file says something else, with the difference')
    .option('--force', 'write over a file of others, and without what was added to steps')
    .option('--path <folder>', 'where modules are imported from; several: give it again', collect)
    .option('--python <interpreter>', 'the Python that reads it; default: that of the settings, else python3')
  withJson(types).action(async (source: string, functions: string[], options: PyTypesArguments) =>
    (await import('../actions/py-types.ts')).pyTypesCommand(source, functions, options),
  )
}
