import { report, type Report, type ReportHandle, type Specs } from 'pipewright'
import { testStep } from 'pipewright/testing'
import { describe, expect, test } from 'vitest'
import { pythonStep } from './steps.ts'

async function run(name: string, outputs: Specs = {}): Promise<Awaited<ReturnType<typeof testStep>>> {
  return testStep(pythonStep(name, {}, outputs, { module: 'reports' } as never) as never, {} as never)
}

async function reportsOf(name: string): Promise<readonly Report[]> {
  return (await run(name)).reports as readonly Report[]
}

const starts = (block: Report['blocks'][number]): string =>
  block.type === 'image' && typeof block.data !== 'string'
    ? Buffer.from(block.data).subarray(1, 4).toString()
    : 'no bytes'

const picture = { type: 'image', mediaType: 'image/png' }

describe('a report of a function is made of what it has', () => {
  test('a text is Markdown', async () => {
    expect(await reportsOf('markdown')).toEqual([
      { blocks: [{ type: 'markdown', text: '**Held-out** rows' }] },
    ])
  })

  test('blocks, and what becomes one', async () => {
    const [made] = await reportsOf('blocks')
    expect(made).toMatchObject({
      title: 'Data',
      blocks: [
        { type: 'markdown', text: 'A text' },
        { type: 'table', columns: ['a'], rows: [[1]] },
        { ...picture, alt: 'a picture' },
      ],
    })
    expect(starts(made!.blocks[2]!)).toBe('PNG')
  })

  test('a dict has captions', async () => {
    const [made] = await reportsOf('captions')
    expect(made).toMatchObject({
      blocks: [
        { ...picture, alt: 'Loss', caption: 'Loss' },
        { type: 'markdown', text: '### Told' },
        { type: 'markdown', text: '*text*' },
      ],
    })
  })

  test('files of pictures', async () => {
    const [made] = await reportsOf('files')
    expect(made).toMatchObject({
      blocks: [
        { ...picture, alt: 'a.png' },
        { type: 'image', mediaType: 'image/svg+xml', alt: 'b.svg' },
      ],
    })
  })

  test('what draws itself, and what is long', async () => {
    expect((await reportsOf('drawn'))[0]).toMatchObject({
      blocks: [{ type: 'image', mediaType: 'image/svg+xml', alt: 'Drawn' }],
    })
    const [long] = await reportsOf('long')
    expect(long!.blocks).toEqual([{ type: 'markdown', text: 'x'.repeat(100_000) }])
  })

  test('an output that is a report', async () => {
    const { outputs } = await run('output', { shown: report() })
    const read = await (outputs as { shown: ReportHandle }).shown.read()
    expect(read).toMatchObject({ title: 'Evaluation', blocks: [{ type: 'markdown', text: 'text' }, picture] })
    expect(starts(read.blocks[1]!)).toBe('PNG')
  })
})

test.each([
  ['nothing', 'the report: a builtins.object is nothing that a report shows'],
  ['no_picture', 'the report: the bytes are no PNG, JPEG, GIF or WebP'],
  ['no_block', 'needs 1 cells in each row'],
])('%s is refused', async (name, message) => {
  await expect(run(name)).rejects.toThrow(message)
})
