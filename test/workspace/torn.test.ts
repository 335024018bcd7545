import { copyFile, mkdir, readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { definePipeline, defineStep, openWorkspace, type LogLine, type Workspace } from 'pipewright'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { openDriver } from '../../src/record/sqlite/driver.ts'
import { openSqliteMetadata } from '../../src/record/sqlite/store.ts'
import { attempt, collect, started } from '../record/support.ts'
import { tempFolder, tempWorkspace } from './temp.ts'

describe('a log with a torn last record', () => {
  test('a write-ahead log that is cut anywhere keeps every event that was committed before the cut', async () => {
    const folder = await tempFolder()
    const path = join(folder, 'metadata.sqlite')
    const store = await openSqliteMetadata(path)
    const sizes: number[] = []
    await store.append({ run: 'r', at: 0, event: started() })
    for (let at = 1; at <= 12; at++) {
      sizes.push((await stat(`${path}-wal`)).size)
      await store.append({ run: 'r', at, event: attempt(`n${at}`) })
    }
    const end = (await stat(`${path}-wal`)).size
    // A reader of the same files, as a death would have left them.
    const cuts = [...sizes.slice(-4).flatMap((size) => [size, size + 1, size + 2_000]), end - 1]
    for (const [index, cut] of cuts.entries()) {
      const copy = join(folder, String(index))
      await mkdir(copy)
      const torn = join(copy, 'metadata.sqlite')
      await copyFile(path, torn)
      await copyFile(`${path}-wal`, `${torn}-wal`)
      await truncate(`${torn}-wal`, cut)
      const whole = sizes.filter((size) => size <= cut).length
      const again = await openSqliteMetadata(torn)
      const events = await collect(again.events('r'))
      expect(events.map(({ at }) => at)).toEqual(Array.from({ length: whole }, (_, at) => at))
      await again.append({ run: 'r', at: 99, event: attempt('after') })
      expect((await collect(again.events('r'))).at(-1)!.at).toBe(99)
      await again.close()
    }
    await store.close()
  })

  test('the log of an attempt is read up to its last whole line', async () => {
    const talk = defineStep({
      name: 'talk',
      inputs: {},
      run: (_inputs, ctx) => {
        for (const text of ['eins', 'zwei', 'größer']) ctx.log.info(text)
      },
    })
    const pw = await tempWorkspace()
    const { run } = await pw.run(
      definePipeline({ name: 'talking', inputs: {} }, (p) => {
        p.step(talk, {})
        return {}
      }),
      {},
    )
    const logs = join(pw.root, '.pipewright', 'logs', run.id)
    const [file] = await readdir(logs)
    const bytes = await readFile(join(logs, file!))
    const read = async (): Promise<string[]> => {
      const lines: LogLine[] = []
      for await (const line of pw.logs(run.id)) lines.push(line)
      return lines.map(({ message }) => message)
    }
    // Within the letter that is two bytes, within the line, and at the end of the one before.
    for (const cut of [bytes.indexOf('ö') + 1, bytes.length - 2]) {
      await truncate(join(logs, file!), cut)
      expect(await read()).toEqual(['eins', 'zwei'])
      await writeFile(join(logs, file!), bytes)
    }
    expect(await read()).toEqual(['eins', 'zwei', 'größer'])
  })
})

describe('events of a newer version inside of a run', () => {
  const add = defineStep({
    name: 'add',
    version: '1',
    inputs: { n: z.number() },
    outputs: { n: z.number() },
    run: ({ n }) => ({ n: n + 1 }),
  })
  const adding = definePipeline({ name: 'adding', inputs: { n: z.number() } }, (p, input) => ({
    n: p.step(add, { n: input.n }).n,
  }))

  /** Two runs, of which a newer version has written the last events of the first. */
  async function mixed(): Promise<{ pw: Workspace; newer: string; older: string }> {
    const root = await tempFolder()
    const first = await openWorkspace({ root })
    const [newer, older] = [await first.run(adding, { n: 1 }), await first.run(adding, { n: 2 })]
    await first.close()
    const driver = await openDriver(join(root, '.pipewright', 'metadata.sqlite'))
    driver
      .prepare(`update events set format = 99 where run = ? and type = 'node.succeeded'`)
      .run([newer.run.id])
    driver.close()
    return { pw: await tempWorkspace({ root }), newer: newer.run.id, older: older.run.id }
  }

  test('are refused by their names, and say what to do', async () => {
    const { pw, newer } = await mixed()
    for (const work of [
      () => pw.show(newer),
      () => collect(pw.events(newer)),
      () => pw.outputs(newer, adding),
      () => pw.resume(newer, adding),
    ])
      await expect(work()).rejects.toMatchObject({
        code: 'WORKSPACE_NEWER',
        message: expect.stringContaining(
          `run ${newer} holds an event 'node.succeeded' of 'add' in format 99`,
        ) as string,
        fix: expect.stringContaining('upgrade pipewright') as string,
      })
  })

  test('other runs are listed, read, explained and started; what they left in the cache is not used', async () => {
    const { pw, newer, older } = await mixed()
    expect((await pw.runs()).items.map(({ id }) => id).toSorted()).toEqual([newer, older].toSorted())
    expect((await pw.show(older)).state).toBe('succeeded')
    expect(await pw.outputs(older, adding)).toEqual({ n: 3 })
    expect((await pw.explain(older, 'add')).verdict).toBe('executed')
    const again = await pw.run(adding, { n: 1 })
    expect(again.outputs).toEqual({ n: 2 })
    expect((await pw.show(again.run.id)).executions.map(({ reused }) => reused)).toEqual([null])
    const hit = await pw.run(adding, { n: 2 })
    expect((await pw.show(hit.run.id)).executions[0]!.reused).toMatchObject({ run: older })
  })
})
