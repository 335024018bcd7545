import { execFile } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { promisify } from 'node:util'
import { PipewrightError } from '../../internal/error.ts'
import { paletteFor } from '../../ui/palette.ts'
import { printable } from '../../ui/text.ts'
import { packageVersion } from '../../workspace/version.ts'
import { wordOf } from '../option-values.ts'
import { testRunners } from '../option-words.ts'
import { print, printJson, printNext } from '../output.ts'
import { shellWord } from '../shell-word.ts'
import { dataFile, pipelineFile } from '../templates/pipeline.ts'
import { mergedLines, mergedPackage, type Merged } from '../templates/existing.ts'
import {
  configFile,
  extension,
  gitignoreFile,
  packageFile,
  readmeFile,
  testFile,
  tsconfigFile,
  type ProjectChoice,
} from '../templates/project.ts'

/** What `pipewright init` is given. */
export interface InitArguments {
  readonly javascript?: boolean
  readonly test: string
  readonly name?: string
  readonly package?: string
  readonly install: boolean
  readonly force?: boolean
  readonly json?: boolean
}

/** A name that npm takes. */
function packageName(folder: string): string {
  const name = basename(folder)
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
  return name === '' ? 'pipelines' : name
}

function choiceOf(folder: string, options: InitArguments, isModule: boolean): ProjectChoice {
  const { javascript = false, test, name, package: spec } = options
  return {
    name: name ?? packageName(folder),
    language: javascript ? 'javascript' : 'typescript',
    isModule,
    test: wordOf('--test', test, 'not a test runner that there is a template for', testRunners),
    package: spec ?? `^${packageVersion()}`,
  }
}

/** The files of a new project, by path. */
export function projectFiles(choice: ProjectChoice): Readonly<Record<string, string>> {
  const end = extension(choice)
  return {
    'package.json': packageFile(choice),
    ...(choice.language === 'typescript' ? { 'tsconfig.json': tsconfigFile } : {}),
    [`pipewright.config.${end}`]: configFile(choice),
    [`src/pipeline.${end}`]: pipelineFile(choice.language),
    [`test/pipeline.test.${end}`]: testFile(choice),
    'data/customers.csv': dataFile,
    'README.md': readmeFile(choice),
    '.gitignore': gitignoreFile,
  }
}

/** What any folder may have: it is added to. */
const merges: Readonly<Record<string, (there: string, project: string) => Merged>> = {
  'package.json': mergedPackage,
  '.gitignore': mergedLines,
}
/** What any folder may have, and a project can do with. */
const usual = new Set(['README.md', 'tsconfig.json'])

async function textOf(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined)
}

/** What is to be done with a file of the project. */
interface Change {
  readonly path: string
  readonly what: 'write' | 'merge' | 'keep'
  readonly text: string
  readonly added: readonly string[]
  readonly kept: Merged['kept']
}

/** What is to be done in a folder; files that are not the project's are kept. Throws `FILE_EXISTS`. */
async function changesIn(
  folder: string,
  files: Readonly<Record<string, string>>,
  force: boolean,
): Promise<readonly Change[]> {
  const changes: Change[] = []
  const inTheWay: string[] = []
  for (const [path, text] of Object.entries(files)) {
    const there = await textOf(join(folder, path))
    const merge = merges[path]
    const change = { path, text, added: [], kept: {} }
    if (there === undefined || there === text) changes.push({ ...change, what: 'write' })
    else if (merge !== undefined) changes.push({ ...change, what: 'merge', ...merge(there, text) })
    else if (force) changes.push({ ...change, what: 'write' })
    else if (usual.has(path)) changes.push({ ...change, what: 'keep' })
    else inTheWay.push(path)
  }
  if (inTheWay.length === 0) return changes
  throw new PipewrightError('FILE_EXISTS', `${folder} has ${inTheWay.join(', ')} already`, {
    fix: 'name another folder: pipewright init <folder>, or write over them with --force (package.json and .gitignore are only added to)',
    details: { folder, files: inTheWay },
  })
}

/** Whether the package of a folder is one of modules; a new one is. Throws `CONFIG_INVALID`. */
async function isModulePackage(folder: string): Promise<boolean> {
  const path = join(folder, 'package.json')
  const text = await textOf(path)
  if (text === undefined) return true
  try {
    return (JSON.parse(text) as { type?: unknown }).type === 'module'
  } catch (cause) {
    throw new PipewrightError('CONFIG_INVALID', `${path} is not JSON: ${(cause as Error).message}`, {
      fix: 'mend it, or name another folder: pipewright init <folder>',
      details: { file: path },
      cause,
    })
  }
}

/** The package manager that has started this one. */
function packageManager(): string {
  const agent = process.env['npm_config_user_agent'] ?? ''
  return ['pnpm', 'yarn', 'bun'].find((name) => agent.startsWith(name)) ?? 'npm'
}

async function install(folder: string): Promise<string> {
  const manager = packageManager()
  const options = manager === 'npm' ? ['install', '--no-audit', '--no-fund'] : ['install']
  try {
    await promisify(execFile)(manager, options, { cwd: folder, maxBuffer: 64 * 1024 * 1024 })
  } catch (cause) {
    const said = (cause as { stderr?: string }).stderr?.trim().split('\n').slice(0, 5).join('\n') ?? ''
    throw new PipewrightError(
      'DEPENDENCY_MISSING',
      `the files are written, but ${manager} install failed:\n${said}`,
      {
        fix: `mend that, then run ${manager} install in ${folder}`,
        cause,
      },
    )
  }
  return manager
}

const marks = { write: '+', merge: '~', keep: '=' } as const

function changeText({ path, what, added }: Change): string {
  if (what === 'keep') return `${path} is kept as it is`
  if (what === 'write') return path
  return added.length === 0 ? `${path} has all that is needed` : `${path}: added ${added.join(', ')}`
}

/** `pipewright init`. */
export async function initCommand(given: string, options: InitArguments): Promise<void> {
  const folder = resolve(given)
  const { force = false, json = false } = options
  const choice = choiceOf(folder, options, await isModulePackage(folder))
  const changes = await changesIn(folder, projectFiles(choice), force)
  for (const { path, what, text } of changes) {
    if (what === 'keep') continue
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
  }
  const { good, faint } = await paletteFor(process.stdout)
  const kept = Object.entries(changes.find(({ path }) => path === 'package.json')?.kept ?? {})
  if (!json) {
    for (const change of changes) print(`${good(marks[change.what])} ${printable(changeText(change))}`)
    for (const [name, command] of kept)
      print(`package.json has a script ${name} of its own; here it is: ${command}`)
    if (options.install) print(faint('installing packages …'))
  }
  const manager = options.install ? await install(folder) : null
  if (json) {
    const of = (what: Change['what']): string[] =>
      changes.flatMap((change) => (change.what === what ? [change.path] : []))
    return printJson({
      folder,
      files: of('write'),
      merged: of('merge'),
      kept: of('keep'),
      installed: manager,
    })
  }
  const way = relative(process.cwd(), folder)
  const there = way === '' ? '' : `cd ${shellWord(way)} && `
  const has = (name: string): boolean => !kept.some(([script]) => script === name)
  await printNext(
    `${there}${manager === null ? 'npm install && ' : ''}${has('start') ? 'npm start' : 'npx pipewright run --input csv=data/customers.csv'}`,
    has('test') ? 'npm test' : `npx ${kept.find(([script]) => script === 'test')![1]}`,
  )
}
