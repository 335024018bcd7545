import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, extname, resolve } from 'node:path'
import { PipewrightError } from '../../internal/error.ts'
import { projectPath } from '../../internal/project-path.ts'
import type { PythonEnvironment } from '../../define/python-step.ts'
import { keptOptions, nothingKept } from '../../python/stub/kept-options.ts'
import { pythonTypes } from '../../python/stub/python-types.ts'
import type { StepEntry } from '../../python/stub/step-source.ts'
import { stubMark, type Stub } from '../../python/stub/stub.ts'
import { paletteFor } from '../../ui/palette.ts'
import { counted, printable, printableLines } from '../../ui/text.ts'
import { readSettings } from '../../workspace/open.ts'
import type { Settings } from '../../workspace/settings.ts'
import { findingsExitCode } from '../exit-codes.ts'
import { differenceOf, readGenerated, unwritable } from '../generated-file.ts'
import { optionError } from '../option-values.ts'
import { print, printJson, printNext } from '../output.ts'
import { shellWord } from '../shell-word.ts'

/** What `pipewright py types` is given. */
export interface PyTypesArguments {
  readonly out?: string
  readonly check?: boolean
  readonly force?: boolean
  readonly path?: readonly string[]
  readonly python?: string
  readonly json?: boolean
}

const extensions = ['.ts', '.mts', '.js', '.mjs']

/** `pipewright py types`. */
export async function pyTypesCommand(
  source: string,
  functions: readonly string[],
  options: PyTypesArguments,
): Promise<void> {
  const { out, check = false, force = false, json = false } = options
  if (out === undefined && check)
    throw new PipewrightError('USAGE_INVALID', '--check has no file to look at', {
      fix: 'name it: --out steps/train.ts',
      details: { option: '--check' },
    })
  if (out !== undefined && !extensions.includes(extname(out)))
    throw optionError('--out', out, 'no module of TypeScript', `end it with ${extensions.join(', ')}`)
  const { settings, root } = await readSettings({}, process.cwd())
  const file = out === undefined ? undefined : projectPath(root, resolve(out))
  const entry = entryOf(source, options.path ?? [], root)
  const command = commandText(entry, functions, file)
  const python = pythonOf(options, settings)
  if (file === undefined) {
    const stub = await pythonTypes({ entry, functions, command }, { root, python })
    // What is piped into a file is nothing but the module.
    if (json) printJson({ file: null, state: null, ...stub, difference: '' })
    else process.stdout.write(stub.text)
    return
  }
  const path = resolve(root, file)
  const there = await readGenerated(path, file, { mark: stubMark, force })
  const kept = there === undefined || force ? nothingKept : await keptOptions(file, there)
  const stub = await pythonTypes({ entry, functions, command, kept }, { root, python })
  const difference = there === undefined ? undefined : await differenceOf(file, there, stub.text)
  const state = there === undefined ? 'absent' : difference === undefined ? 'same' : 'other'
  if (state !== 'same' && check) process.exitCode = findingsExitCode
  if (state !== 'same' && !check) await write(path, file, stub.text)
  if (json) return printJson({ file, state, ...stub, difference: difference ?? '' })
  if (!check) return reportWritten(stub, file, state !== 'same')
  if (state === 'same') print(`${printable(file)} is what its Python says`)
  else if (state === 'absent') print(`${printable(file)} is not there`)
  else print(printableLines(difference!.trimEnd()))
  await printNext(state === 'same' ? 'pipewright check <pipeline>' : command)
}

/** A source with a slash, or the ending of a file, is a path, from the current folder; others are modules. */
function entryOf(source: string, folders: readonly string[], root: string): StepEntry {
  const path =
    folders.length === 0 ? ['.'] : folders.map((folder) => projectPath(root, resolve(folder)) || '.')
  return /[\\/]|\.pyw?$/.test(source)
    ? { script: projectPath(root, resolve(source)), path }
    : { module: source, path }
}

/** The interpreter that is named; a path is one from the current folder. */
function pythonOf({ python }: PyTypesArguments, settings: Settings): PythonEnvironment | undefined {
  if (python === undefined) return settings.python
  return /[\\/]/.test(python) ? resolve(python) : python
}

/** The command as it is given in the folder of the project: the same wherever it was given. */
function commandText(
  { module, script, path }: StepEntry,
  functions: readonly string[],
  file?: string,
): string {
  const folders = path.flatMap((folder) => (folder === '.' ? [] : ['--path', folder]))
  const out = file === undefined ? [] : ['--out', file]
  const words = [module ?? script, ...functions, ...folders, ...out]
  return ['pipewright py types', ...words.map(shellWord)].join(' ')
}

async function write(path: string, file: string, text: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, text)
  } catch (cause) {
    throw unwritable(path, file, cause)
  }
}

async function reportWritten({ steps, skipped }: Stub, file: string, isChanged: boolean): Promise<void> {
  const { good, careful, faint } = await paletteFor(process.stdout)
  print(
    `${good(isChanged ? '+' : '=')} ${printable(file)}: ${counted(steps.length, 'step')}${isChanged ? '' : ', as it was'}`,
  )
  for (const { constant, notes } of steps) {
    print(`  ${printable(constant)}`)
    for (const note of notes) print(`    ${careful('!')} ${printable(note)}`)
  }
  for (const { function: name, reason } of skipped)
    print(faint(`  ${printable(name)} is no step: ${printable(reason)}`))
  const [first] = steps
  const from = file.startsWith('.') ? file : `./${file}`
  await printNext(`import { ${first!.constant} } from '${from}' in a pipeline`, 'pipewright check <pipeline>')
}
