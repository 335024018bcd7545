import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  defineStep,
  definePipeline,
  definePredictor,
  directory,
  file,
  metrics,
  model,
  table,
  type Artifact,
  type Workspace,
} from 'pipewright'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { statesOf, tempFolder, tempWorkspace } from './temp.ts'

const Row = z.object({ name: z.string(), size: z.number().nullable(), when: z.date() })

const make = defineStep({
  name: 'make',
  inputs: { seed: z.number() },
  outputs: {
    rows: table(Row),
    blob: file('text/plain'),
    folder: directory(),
    scores: metrics({ loss: z.number() }),
    data: z.object({ a: z.number() }),
  },
  run: async ({ seed }, ctx) => {
    ctx.log.info('made', { seed })
    await mkdir(join(ctx.workdir, 'out', 'deep'), { recursive: true })
    await writeFile(join(ctx.workdir, 'out', 'deep', 'x.txt'), 'deep')
    return {
      rows: [
        { name: 'a,"b"\n', size: 1.5, when: new Date(0) },
        { name: 'ü', size: null, when: new Date(1) },
      ],
      blob: new TextEncoder().encode(`seed ${seed}`),
      folder: 'out',
      scores: { loss: seed },
      data: { a: seed },
    }
  },
})

const made = definePipeline({ name: 'made', inputs: { seeds: z.array(z.number()) } }, (p, input) => ({
  data: p.map(input.seeds, (seed, q) => q.step(make, { seed })).data,
}))

async function outputsOf(pw: Workspace, run: string): Promise<Record<string, Artifact>> {
  const { executions } = await pw.show(run)
  const { outputs } = executions.find(({ node }) => node === 'map[0]/make')!
  return Object.fromEntries(
    Object.entries(outputs).flatMap(([name, value]) => ('artifact' in value ? [[name, value.artifact]] : [])),
  )
}

describe('artifacts as ordinary files', () => {
  test('one file or one folder for each kind', async () => {
    const pw = await tempWorkspace()
    const { run } = await pw.run(made, { seeds: [3] })
    const { rows, blob, folder, scores, data } = await outputsOf(pw, run.id)
    const target = await tempFolder()
    const text = async (artifact: Artifact | undefined, name: string): Promise<string> => {
      await pw.exportArtifact(artifact!, join(target, name))
      return readFile(join(target, name), 'utf8')
    }
    expect(await text(rows, 'rows.csv')).toBe(
      'name,size,when\n"a,""b""\n",1.5,1970-01-01T00:00:00.000Z\nü,,1970-01-01T00:00:00.001Z\n',
    )
    expect(await text(rows, 'rows.ndjson')).toBe(
      '{"name":"a,\\"b\\"\\n","size":1.5,"when":"1970-01-01T00:00:00.000Z"}\n{"name":"ü","size":null,"when":"1970-01-01T00:00:00.001Z"}\n',
    )
    expect((await text(rows, 'rows.arrow')).slice(0, 6)).toBe('ARROW1')
    expect(await text(blob, 'new/blob.txt')).toBe('seed 3')
    expect(await text(scores, 'scores.json')).toBe('{"loss":3}')
    expect(await text(data, 'data.json')).toBe('{"a":3}')
    await pw.exportArtifact(folder!, join(target, 'folder'))
    expect(await readFile(join(target, 'folder/deep/x.txt'), 'utf8')).toBe('deep')
    await expect(pw.exportArtifact(data!, join(target, 'data.json'))).rejects.toMatchObject({
      code: 'FILE_EXISTS',
    })
    // Nothing half written is left.
    expect((await readdir(target)).filter((name) => name.includes('partial'))).toEqual([])
  })

  test('a model tells where its code is relative to the project, wherever it goes', async () => {
    const pw = await tempWorkspace()
    const mean = definePredictor({
      name: 'mean',
      version: '1',
      state: z.number(),
      input: z.null(),
      output: z.number(),
      predict: (state) => state,
    })
    const fit = defineStep({
      name: 'fit',
      outputs: { model: model(mean) },
      run: () => ({ model: mean.of(3) }),
    })
    const fitted = definePipeline({ name: 'fitted' }, (p) => p.step(fit, {}))
    const { run } = await pw.run(fitted, {})
    const { model: value } = (await pw.show(run.id)).outputs
    const target = join(await tempFolder(), 'model')
    await pw.exportArtifact((value as { artifact: Artifact }).artifact, target)
    const manifest = JSON.parse(await readFile(join(target, 'manifest.json'), 'utf8')) as { module: string }
    expect(resolve(pw.root, manifest.module)).toBe(fileURLToPath(import.meta.url))
    for (const name of ['manifest.json', 'artifact.json'])
      expect(await readFile(join(target, name), 'utf8')).not.toMatch(/"\//)
  })

  test('are found by the start of their digest', async () => {
    const pw = await tempWorkspace()
    const { run } = await pw.run(made, { seeds: [3] })
    const { data } = await outputsOf(pw, run.id)
    const digits = data!.digest.slice(7)
    expect((await pw.artifactsByPrefix(digits.slice(0, 10))).map(({ digest }) => digest)).toEqual([
      data!.digest,
    ])
    expect(await pw.artifactsByPrefix('zz')).toEqual([])
    expect((await pw.artifactsByPrefix('')).length).toBeGreaterThan(3)
  })
})

describe('runs of other workspaces', () => {
  test('a run that is taken in has its record, values, logs, lineage, and its results are reused', async () => {
    const from = await tempWorkspace()
    const { run } = await from.run(made, { seeds: [3, 4] })
    const target = join(await tempFolder(), 'bundle')
    const exported = await from.exportRun(run.id.slice(0, 30), target)
    expect(exported).toMatchObject({ run: run.id, pipeline: 'made', missing: [] })
    const parts = ['bundle.json', 'events.ndjson', 'logs', 'objects']
    expect((await readdir(target)).toSorted()).toEqual(parts)
    const to = await tempWorkspace()
    expect(await to.importRun(target)).toMatchObject({ run: run.id, known: false, events: exported.events })
    expect((await readdir(target)).toSorted()).toEqual(parts)
    await rm(target, { recursive: true })
    expect(await statesOf(to, run.id)).toEqual(await statesOf(from, run.id))
    const { data, folder } = await outputsOf(to, run.id)
    expect(Buffer.from(await to.bytes(data!)).toString()).toBe('{"a":3}')
    await to.exportArtifact(folder!, join(await tempFolder(), 'folder'))
    expect((await to.why(data!.digest)).artifacts).toEqual((await from.why(data!.digest)).artifacts)
    const messages: string[] = []
    for await (const { message } of to.logs(run.id)) messages.push(message)
    expect(messages).toEqual(['made', 'made'])
    expect(await to.planOf(run.id)).toEqual(await from.planOf(run.id))
    const again = await to.run(made, { seeds: [3, 4] })
    expect(again.outputs.data).toEqual([{ a: 3 }, { a: 4 }])
    expect(
      Object.values(await statesOf(to, again.run.id)).filter((state) => state === 'reused'),
    ).toHaveLength(2)
  })

  test('nothing is written over, and what is no bundle is refused', async () => {
    const pw = await tempWorkspace()
    const { run } = await pw.run(made, { seeds: [3] })
    const target = join(await tempFolder(), 'bundle')
    await pw.exportRun(run.id, target)
    await expect(pw.exportRun(run.id, target)).rejects.toMatchObject({ code: 'FILE_EXISTS' })
    expect(await pw.importRun(target)).toMatchObject({ known: true })
    await expect(pw.importRun(await tempFolder())).rejects.toMatchObject({ code: 'SOURCE_UNREADABLE' })
    const manifest = JSON.parse(await readFile(join(target, 'bundle.json'), 'utf8')) as object
    await writeFile(join(target, 'bundle.json'), JSON.stringify({ ...manifest, format: 2 }))
    await expect(pw.importRun(target)).rejects.toMatchObject({ code: 'WORKSPACE_NEWER' })
  })

  test('values that are not what was written are not taken in', async () => {
    const pw = await tempWorkspace()
    const { run } = await pw.run(made, { seeds: [3] })
    const target = join(await tempFolder(), 'bundle')
    await pw.exportRun(run.id, target)
    const [folder] = await readdir(join(target, 'objects'))
    const [name] = await readdir(join(target, 'objects', folder!))
    await rm(join(target, 'objects', folder!, name!))
    await writeFile(join(target, 'objects', folder!, name!), 'something else')
    const to = await tempWorkspace()
    await expect(to.importRun(target)).rejects.toMatchObject({ code: 'BLOB_CORRUPT' })
    expect((await to.runs()).items).toEqual([])
  })
})
