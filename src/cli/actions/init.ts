import { execFile } from 'node:child_process'
import { mkdir, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { promisify } from 'node:util'
import { PipewrightError } from '../../internal/error.ts'
import { didYouMean } from '../../internal/nearest.ts'
import { paletteFor } from '../../ui/palette.ts'
import { packageVersion } from '../../workspace/version.ts'
import { print, printJson, printNext } from '../output.ts'
import { shellWord } from '../shell-word.ts'
import { dataFile, pipelineFile } from '../templates/pipeline.ts'
import {
  configFile,
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

const runners = ['node', 'vitest']

/** A name that npm takes. */
function packageName(folder: string): string {
  const name = basename(folder)
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
  return name === '' ? 'pipelines' : name
}

function choiceOf(folder: string, options: InitArguments): ProjectChoice {
  const { javascript = false, test, name, package: spec } = options
  if (!runners.includes(test)) {
    throw new PipewrightError(
      'CONFIG_INVALID',
      `--test ${test} is not a test runner that there is a template for`,
      {
        fix: didYouMean(test, runners),
      },
    )
  }
  return {
    name: name ?? packageName(folder),
    language: javascript ? 'javascript' : 'typescript',
    test: test as ProjectChoice['test'],
    package: spec ?? `^${packageVersion()}`,
  }
}

/** The files of a new project, by path. */
export function projectFiles(choice: ProjectChoice): Readonly<Record<string, string>> {
  const end = choice.language === 'typescript' ? 'ts' : 'js'
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

async function refuseExisting(folder: string, paths: readonly string[]): Promise<void> {
  const there: string[] = []
  for (const path of paths)
    if ((await stat(join(folder, path)).catch(() => undefined)) !== undefined) there.push(path)
  if (there.length === 0) return
  throw new PipewrightError('FILE_EXISTS', `${folder} has ${there.join(', ')} already`, {
    fix: 'name another folder: pipewright init <folder>, or write over them with --force',
    details: { folder, files: there },
  })
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

/** `pipewright init`. */
export async function initCommand(given: string, options: InitArguments): Promise<void> {
  const folder = resolve(given)
  const choice = choiceOf(folder, options)
  const files = projectFiles(choice)
  if (options.force !== true) await refuseExisting(folder, Object.keys(files))
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
  }
  const { good, faint } = await paletteFor(process.stdout)
  if (options.json !== true) {
    for (const path of Object.keys(files)) print(`${good('+')} ${path}`)
    if (options.install) print(faint('installing packages …'))
  }
  const manager = options.install ? await install(folder) : null
  if (options.json === true) return printJson({ folder, files: Object.keys(files), installed: manager })
  const way = relative(process.cwd(), folder)
  const there = way === '' ? '' : `cd ${shellWord(way)} && `
  await printNext(`${there}${manager === null ? 'npm install && ' : ''}npm start`, 'npm test')
}
