import { readFileSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { commandSchemas, cliJsonSchema } from '../../scripts/cli-format.ts'
import { eventsJsonSchema, logLineSchema, runLineSchema } from '../../scripts/event-format.ts'
import { tempFolder } from '../workspace/temp.ts'
import { controlFlow, livePipelines, pipelines, pipewright, pipewrightWith, waits } from './command.ts'

/** Runs a command with `--json` and checks its document against the schema that is published. */
async function document<Name extends keyof typeof commandSchemas>(
  cwd: string,
  command: Name,
  ...args: string[]
): Promise<Record<string, unknown>> {
  const { out, err } = await pipewright(cwd, ...command.split(' '), ...args, '--json')
  expect(err).toBe('')
  const found: unknown = JSON.parse(out)
  const parsed = commandSchemas[command].safeParse(found)
  expect(parsed.error?.message).toBeUndefined()
  // Strict all the way: nothing was left out.
  expect(parsed.data).toEqual(found)
  return found as Record<string, unknown>
}

function lines(text: string): unknown[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown)
}

test('the published schemas are those of the sources', () => {
  for (const [name, schema] of Object.entries({ cli: cliJsonSchema, events: eventsJsonSchema })) {
    const published = readFileSync(new URL(`../../schemas/${name}.json`, import.meta.url), 'utf8')
    expect(JSON.parse(published), `npm run schema writes schemas/${name}.json`).toEqual(
      JSON.parse(JSON.stringify(schema)),
    )
  }
})

test('every command prints one document with --json, as its schema says', async () => {
  const cwd = await tempFolder()
  expect(await document(cwd, 'runs')).toEqual({ items: [], next: null })
  expect(await document(cwd, 'init', 'new', '--no-install')).toMatchObject({ installed: null })
  await writeFile(join(cwd, 'new', 'src', 'pipeline.ts'), '// mine')
  expect((await pipewright(cwd, 'init', 'new', '--no-install')).err).toContain('has src/pipeline.ts already')
  const target = `${pipelines}#doubles`
  expect(await document(cwd, 'graph', target)).toMatchObject({ pipeline: 'doubles' })
  // Nodes of every type.
  await document(cwd, 'graph', controlFlow)
  await document(cwd, 'graph', waits)
  await document(cwd, 'plan', target, '-i', 'items=[3,4]')
  await document(cwd, 'plan --explain', target, '-i', 'items=[3,4]')
  await document(cwd, 'check', target)
  const run = await pipewright(cwd, 'run', target, '-i', 'items=[3,4]', '--json')
  expect(run).toMatchObject({ code: 0, err: '' })
  const events = lines(run.out)
  for (const line of events) expect(runLineSchema.parse(line)).toEqual(line)
  expect(events.at(-1)).toMatchObject({
    summary: { state: 'succeeded', steps: { executed: 2, reused: 0, failed: 0 }, outputs: { values: {} } },
  })
  const again = lines((await pipewright(cwd, 'run', target, '-i', 'items=[3,5]', '--json')).out)
  expect(again.at(-1)).toMatchObject({ summary: { steps: { executed: 1, reused: 1 } } })
  const { items } = (await document(cwd, 'runs')) as { items: { id: string }[] }
  const [second, first] = items.map(({ id }) => id) as [string, string]
  await document(cwd, 'show', first)
  await document(cwd, 'explain')
  await document(cwd, 'compare', first, second)
  const { artifacts } = (await document(cwd, 'artifacts list', first)) as { artifacts: { name: string }[] }
  expect(artifacts.map(({ name }) => name)).toContain('values')
  await document(cwd, 'artifacts show', 'values', '--run', first)
  await document(cwd, 'why', 'map[0]/double.value', '--run', first)
  await document(cwd, 'artifacts export', 'map[0]/double.value', '--run', first, '-o', 'six.json')
  expect(await readFile(join(cwd, 'six.json'), 'utf8')).toBe('6')
  await document(cwd, 'artifacts export', '--run', first, '-o', 'bundle')
  expect(await document(cwd, 'artifacts import', 'bundle')).toMatchObject({ known: true })
  await document(cwd, 'gc', '--dry-run')
  expect(await document(cwd, 'doctor')).toMatchObject({ ok: true })
  for (const line of lines((await pipewright(cwd, 'logs', first, '--json')).out))
    expect(logLineSchema.parse(line)).toMatchObject({
      run: first,
      message: expect.stringMatching(/^doubling [34]$/) as string,
    })
}, 120_000)

test('a run that fails, retries, logs and measures: every line is as the schema says; the last one says why', async () => {
  const cwd = await tempFolder()
  const live = await pipewright(
    cwd,
    'run',
    `${livePipelines}#live`,
    '-i',
    'epochs=5',
    '-i',
    'pause=5',
    '--json',
  )
  const types = lines(live.out).map((line) => {
    const parsed = runLineSchema.parse(line) as { event?: { type: string } }
    return parsed.event?.type ?? 'summary'
  })
  for (const type of ['map.expanded', 'attempt.metric', 'attempt.progress', 'attempt.log', 'attempt.failed'])
    expect(types).toContain(type)
  const failed = await pipewright(cwd, 'run', `${pipelines}#checked`, '-i', 'marker=nowhere', '--json')
  expect(failed.code).toBe(1)
  for (const line of lines(failed.out)) expect(runLineSchema.parse(line)).toEqual(line)
  const place = expect.objectContaining({ file: expect.stringMatching(/pipelines\.ts$/) as string }) as object
  expect(lines(failed.out)).toContainEqual(
    expect.objectContaining({
      event: expect.objectContaining({ type: 'node.failed', error: expect.objectContaining({ place }) }),
    }),
  )
  expect(await document(cwd, 'explain')).toMatchObject({
    unfinished: [{ node: 'check', state: 'failed', place }],
  })
  const [run] = ((await document(cwd, 'runs')) as { items: { id: string; state: string }[] }).items
  const shown = await pipewright(cwd, 'show', run!.id, 'check', '--json')
  expect(commandSchemas['show node'].parse(JSON.parse(shown.out))).toMatchObject({ node: 'check' })
  expect(lines(failed.out).at(-1)).toMatchObject({
    summary: { state: 'failed', error: { code: 'RUN_FAILED' }, steps: { failed: 1 } },
  })
})

test('an error with --json is a document too, with the same exit code', async () => {
  const cwd = await tempFolder()
  const { code, out, err } = await pipewright(cwd, 'show', 'abc', '--json')
  expect(code).toBe(2)
  expect(err).toContain('WORKSPACE_NOT_FOUND')
  expect(commandSchemas.error.parse(JSON.parse(out))).toMatchObject({
    error: { code: 'WORKSPACE_NOT_FOUND' },
  })
})

test('help with --json is a document: of a command, and of a pipeline', async () => {
  const bare = await pipewright(await tempFolder(), '--json')
  expect(commandSchemas.help.parse(JSON.parse(bare.out))).toMatchObject({ command: 'pipewright' })
  expect(bare.code).toBe(2)
  const cwd = await tempFolder()
  const help = await pipewright(cwd, 'artifacts', 'export', '--help', '--json')
  expect(help).toMatchObject({ code: 0, err: '' })
  expect(commandSchemas.help.parse(JSON.parse(help.out))).toMatchObject({
    command: 'pipewright artifacts export',
    arguments: [{ name: 'artifact', required: false }],
    options: expect.arrayContaining([expect.objectContaining({ flags: '--json' })]) as unknown,
  })
  const inputs = await pipewright(cwd, 'run', `${livePipelines}#live`, '--help', '--json')
  expect(commandSchemas['run --help'].parse(JSON.parse(inputs.out))).toMatchObject({
    pipeline: 'live',
    inputs: { count: { type: 'integer >= 1', required: false, schema: { default: 5 } } },
  })
  expect(await document(cwd, 'completion', 'fish')).toMatchObject({ shell: 'fish' })
})

test('init in a folder with a package: what is there is kept, the rest is added', async () => {
  const cwd = await tempFolder()
  const folder = join(cwd, 'my project')
  await mkdir(folder)
  const own = {
    name: 'own',
    type: 'commonjs',
    scripts: { start: 'serve', test: 'echo "Error: no test specified"' },
  }
  const there = { ...own, dependencies: { zod: '^4.1.0' }, other: [1] }
  await writeFile(join(folder, 'package.json'), JSON.stringify(there, null, 4))
  await writeFile(join(folder, 'README.md'), 'mine')
  await writeFile(join(folder, '.gitignore'), 'node_modules\nout')
  const { out, code } = await pipewright(cwd, 'init', 'my project', '--no-install')
  expect(code).toBe(0)
  expect(out).toContain('~ package.json: added script test, script types, pipewright, ')
  expect(out).toContain('package.json has a script start of its own; here it is: pipewright run --input csv=')
  expect(out).toContain("next: cd 'my project' && npm install && npx pipewright run --input csv=")
  const text = await readFile(join(folder, 'package.json'), 'utf8')
  expect(JSON.parse(text)).toMatchObject({
    ...there,
    // CommonJS is kept: the files say by their names that they are modules.
    scripts: { start: 'serve', test: 'node --import tsx --test test/pipeline.test.mts' },
  })
  expect(text).toContain('\n    "name"')
  expect(await readFile(join(folder, 'README.md'), 'utf8')).toBe('mine')
  expect(await readFile(join(folder, '.gitignore'), 'utf8')).toBe('node_modules\nout\n.pipewright/\n')
  expect(await readFile(join(folder, 'pipewright.config.mts'), 'utf8')).toContain("'src/pipeline.mts#churn'")
  expect((await pipewright(cwd, 'graph', join(folder, 'src/pipeline.mts'))).err).toContain('npm install zod')
  await writeFile(join(folder, 'package.json'), '{')
  const broken = await pipewright(cwd, 'init', 'my project', '--no-install')
  expect(broken).toMatchObject({
    code: 2,
    err: expect.stringContaining('package.json is not JSON') as string,
  })
})

test('inputs from standard input, a part of a pipeline, refreshing', async () => {
  const cwd = await tempFolder()
  const target = `${pipelines}#doubles`
  const piped = await pipewrightWith({ cwd, input: '{"items":[7]}' }, ['run', target, '--inputs', '-'])
  expect(piped).toMatchObject({ code: 0, out: expect.stringContaining('map  1 item') as string })
  const refreshed = await pipewright(cwd, 'run', target, '-i', 'items=[7]', '--refresh')
  expect(refreshed.err).toContain('done       map[0]/double')
  // The pipeline after an option that may stand alone.
  const after = await pipewright(cwd, 'run', '-i', 'items=[7]', '--refresh', target)
  expect(after.code === 0 ? after.err : after.err).toContain('done       map[0]/double')
  await pipewright(cwd, 'run', `${livePipelines}#live`, '-i', 'pause=1', '-i', 'epochs=2')
  const part = await pipewright(cwd, 'run', `${livePipelines}#live`, '-i', 'pause=1', '--to', 'numbers')
  expect(part).toMatchObject({ code: 0 })
  expect(part.err).not.toContain('train')
  const none = await pipewright(cwd, 'run', `${livePipelines}#live`, '--only', 'trian')
  expect(none).toMatchObject({ code: 2, err: expect.stringContaining("did you mean 'train'?") as string })
})

test('cat gives values as they are, lists as JSON, tables as CSV', async () => {
  const cwd = await tempFolder()
  await pipewright(cwd, 'run', `${pipelines}#doubles`, '-i', 'items=[3,4]')
  expect((await pipewright(cwd, 'artifacts', 'cat', 'values')).out).toBe('[6,8]')
  const raw = await pipewright(cwd, 'artifacts', 'cat', 'values', '--raw')
  expect(raw.out).toContain('"count":2')
  const unknown = await pipewright(cwd, 'artifacts', 'cat', 'vales')
  expect(unknown).toMatchObject({ code: 2, err: expect.stringContaining("did you mean 'values'?") as string })
})

test('cancel stops a run of another process, and says so when there is nothing to cancel', async () => {
  const cwd = await tempFolder()
  const running = pipewright(cwd, 'run', `${livePipelines}#live`, '-i', 'epochs=10000', '-i', 'pause=20')
  const found = async (): Promise<string> => {
    for (;;) {
      const { items } = JSON.parse((await pipewright(cwd, 'runs', '--json')).out) as {
        items: { id: string }[]
      }
      if (items[0] !== undefined) return items[0].id
    }
  }
  const id = await found()
  expect((await pipewright(cwd, 'cancel', id)).out).toContain(`run ${id} is cancelled`)
  expect((await running).code).toBe(130)
  expect((await pipewright(cwd, 'cancel', id)).err).toContain('there is nothing to cancel')
})
