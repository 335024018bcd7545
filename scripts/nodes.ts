import { execFile } from 'node:child_process'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { installNode } from '../test/truth/nodes.ts'

// Installs the packed package into a project of its own, and tries it under a Node: as a user starts it with tsx, as
// compiled JavaScript, bundled, through the command line, and in tests of vitest and node:test.
//   npx tsx scripts/nodes.ts 20 22 24
const execute = promisify(execFile)
const root = fileURLToPath(new URL('..', import.meta.url))
const programs = join(root, 'test/nodes/programs')
const customers = 'visits,churned\n1,true\n5,false\n2,true\n9,false\n'

const compilerOptions = {
  target: 'ES2023',
  module: 'NodeNext',
  strict: true,
  skipLibCheck: true,
  rewriteRelativeImportExtensions: true,
  sourceMap: true,
  outDir: 'out',
  types: ['node'],
  typeRoots: [join(root, 'node_modules/@types')],
}

/** A project with the packed package, its programs as they are, compiled and bundled; gives its folder. */
export async function makeProject(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'pipewright-nodes-'))
  const run = (command: string, args: readonly string[], cwd = folder): Promise<{ stdout: string }> =>
    execute(command, args, { cwd, maxBuffer: 1e8 })
  const pack = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder]
  const [{ filename }] = JSON.parse((await run('npm', pack, root)).stdout) as [{ filename: string }]
  await writeFile(
    join(folder, 'package.json'),
    JSON.stringify({ name: 'churn', private: true, type: 'module' }),
  )
  const { peerDependencies } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
    peerDependencies: { vitest: string }
  }
  // The oldest vitest that the package says it works with: a newer one is what its own tests run in.
  const vitest = `vitest@${/^>=(\S+)/.exec(peerDependencies.vitest)![1]}`
  const installed = [`./${filename}`, 'zod', vitest]
  await run('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', ...installed])
  const files = { 'churn.ts': 'churn.ts', 'main.ts': 'main.ts' }
  const tests = { 'churn-vitest.ts': 'churn.test.ts', 'churn-node.ts': 'churn.node.ts' }
  for (const [from, to] of Object.entries({ ...files, ...tests }))
    await cp(join(programs, from), join(folder, to))
  await writeFile(join(folder, 'customers.csv'), customers)
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }))
  await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc')])
  await build({
    entryPoints: [join(folder, 'main.ts')],
    outfile: join(folder, 'bundle/main.mjs'),
    bundle: true,
    packages: 'external',
    minify: true,
    sourcemap: true,
    platform: 'node',
    format: 'esm',
  })
  return folder
}

/** What a program has printed. */
interface Printed {
  readonly best: number
  readonly executed: readonly string[]
  readonly engine: string
  /** Where its steps ran. */
  readonly ran: readonly string[]
}

const inline = ['inline']
const all = ['last', 'load', 'trials[0]/score', 'trials[1]/score']

function same(what: string, found: unknown, expected: unknown): void {
  const [a, b] = [JSON.stringify(found), JSON.stringify(expected)]
  if (a !== b) throw new Error(`${what}: ${a}, expected ${b}`)
}

/** Runs, reuses, dies and resumes: each in a process of its own. */
async function lives(
  what: string,
  engine: string,
  place: string,
  start: (mode: string, die?: boolean) => Promise<string>,
): Promise<void> {
  await rm(join(place, '.pipewright'), { recursive: true, force: true })
  const printed = async (mode: string): Promise<Printed> => JSON.parse(await start(mode)) as Printed
  same(`${what}, first run`, await printed('run'), { best: 4, executed: all, engine, ran: inline })
  same(`${what}, second run`, await printed('run'), { best: 4, executed: ['last'], engine, ran: inline })
  await rm(join(place, '.pipewright'), { recursive: true, force: true })
  const death = await start('run', true).then(
    () => 'none',
    (error: { signal?: string }) => error.signal,
  )
  same(`${what}, killed`, death, 'SIGKILL')
  same(`${what}, resumed`, await printed('resume'), { best: 4, executed: all, engine, ran: inline })
}

/** Steps in threads and processes load the module of the pipeline, as it was loaded here. */
async function livesElsewhere(
  what: string,
  engine: string,
  start: (mode: string) => Promise<string>,
): Promise<void> {
  for (const runner of ['thread', 'process'])
    same(`${what}, ${runner}`, JSON.parse(await start(runner)), {
      best: 4,
      executed: all,
      engine,
      ran: [runner],
    })
}

/** Tries a project under a Node; throws what does not work. */
export async function tryNode(project: string, node: string): Promise<string> {
  const run = async (
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Promise<string> => {
    const { stdout } = await execute(node, args, {
      cwd: project,
      env: { ...process.env, NODE_OPTIONS: '', NO_COLOR: '1', ...env },
      maxBuffer: 1e8,
    })
    return stdout
  }
  const program =
    (...args: readonly string[]) =>
    (mode: string, die = false) =>
      run([...args, mode], die ? { DIE: '1' } : {})
  const version = (await run(['--version'])).trim()
  const engine = Number.parseInt(version.slice(1), 10) < 22 ? 'libsql' : 'node:sqlite'
  const tsx = pathToFileURL(join(root, 'node_modules/tsx/dist/loader.mjs')).href
  await lives('tsx', engine, project, program('--import', tsx, 'main.ts'))
  await livesElsewhere('tsx', engine, program('--import', tsx, 'main.ts'))
  await lives('compiled', engine, project, program('out/main.js'))
  await livesElsewhere('compiled', engine, program('out/main.js'))
  await lives('bundled', engine, project, program('bundle/main.mjs'))
  const cli = 'node_modules/pipewright/dist/cli/main.js'
  await writeFile(join(project, 'inputs.json'), JSON.stringify({ csv: 'customers.csv' }))
  const ran = await run([cli, 'run', 'churn.ts#churn', '--inputs', 'inputs.json'])
  if (!ran.includes('best: 4')) throw new Error(`the command line: ${ran}`)
  if (!(await run([cli, 'runs'])).includes('churn')) throw new Error('the command line: no runs')
  const vitest = await run(['node_modules/vitest/vitest.mjs', 'run', '--update=new', 'churn.test.ts'])
  if (!/Tests {2}2 passed/.test(vitest)) throw new Error(`vitest: ${vitest}`)
  const tested = await run(['--test', 'out/churn.node.js'])
  if (!/pass 1\n/.test(tested)) throw new Error(`node:test: ${tested}`)
  return version
}

/** The Node of a major version: this one, or one from the registry. */
export async function nodeOf(major: number): Promise<string> {
  return process.versions.node.startsWith(`${major}.`) ? process.execPath : installNode(major)
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const project = await makeProject()
  try {
    for (const major of process.argv.slice(2))
      console.log(`${await tryNode(project, await nodeOf(Number(major)))} works`)
  } finally {
    await rm(project, { recursive: true, force: true })
  }
}
