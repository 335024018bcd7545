import { report } from 'pipewright'
import { featureImportance } from 'pipewright/charts'
import { expect, test } from 'vitest'
import { bench } from './support.ts'

test('a report keeps its blocks and their order; pictures are bytes', async () => {
  const { pass, encode } = await bench()
  const png = Uint8Array.of(137, 80, 78, 71)
  const given = {
    title: 't',
    blocks: [
      { type: 'markdown', text: '# a' },
      { type: 'image', mediaType: 'image/svg+xml', data: '<svg/>', alt: 'nothing' },
      { type: 'spec', format: 'vega-lite', spec: { mark: 'bar' } },
      { type: 'image', mediaType: 'image/png', data: png, alt: '' },
      { type: 'html', text: '<b>b</b>' },
      { type: 'table', columns: ['a', 'b'], rows: [[1, null]], caption: 'c' },
      { ...featureImportance({ radius: 0.4 }), title: 'weights' },
      { type: 'image', mediaType: 'image/png', data: png, alt: '', caption: 'below' },
    ],
  }
  const handle = await pass(report(), given)
  const read = await handle.read()
  expect(read.title).toBe('t')
  expect(read.blocks).toEqual(
    given.blocks.map((block) =>
      block.type === 'image' ? { ...block, data: expect.anything() as unknown } : block,
    ),
  )
  const pictures = read.blocks.flatMap((block) => (block.type === 'image' ? [Buffer.from(block.data)] : []))
  expect(pictures).toEqual([Buffer.from('<svg/>'), Buffer.from(png), Buffer.from(png)])
  const artifact = await encode(report(), handle)
  expect(artifact.digest).toBe(handle.digest)
  expect(artifact.parts).toHaveLength(2)
  expect(artifact.meta).toEqual({ title: 't', blocks: 8 })
  expect(await (await pass(report(), { blocks: [] })).read()).toEqual({ blocks: [] })
})

test('equal reports are equal, another picture is another report', async () => {
  const { encode } = await bench()
  const picture = async (data: string | Uint8Array): Promise<string> =>
    (await encode(report(), { blocks: [{ type: 'image', mediaType: 'image/svg+xml', data, alt: '' }] }))
      .digest
  expect(await picture('<svg/>')).toBe(await picture(Buffer.from('<svg/>')))
  expect(await picture('<svg/>')).not.toBe(await picture('<svg />'))
})

test.each([['text'], [null], [{}], [{ blocks: {} }]])('%j is no report', async (value) => {
  const { encode } = await bench()
  await expect(encode(report(), value)).rejects.toMatchObject({
    code: 'OUTPUT_INVALID',
    message: expect.stringContaining('no report') as string,
  })
})

test('all blocks that are not complete are listed', async () => {
  const { encode } = await bench()
  const blocks = [
    { type: 'markdown', text: 'fine' },
    null,
    { type: 'markdown', text: 3 },
    { type: 'video' },
    { type: 'image', mediaType: 'image/png', alt: 'a', data: 7 },
    { type: 'image', data: 'x' },
    { type: 'spec', spec: {} },
    { type: 'table', columns: ['a'], rows: [[1], [1, 2]] },
    { type: 'table', rows: [] },
    { type: 'chart', data: { chart: 'roc' } },
    { type: 'chart' },
  ]
  const encoding = encode(report(), { title: 5, blocks })
  await expect(encoding).rejects.toMatchObject({ code: 'OUTPUT_INVALID' })
  for (const message of [
    '.blocks[1]: is no block',
    '.blocks[2]: needs a text',
    '.blocks[3]: has the type "video"; known: markdown, image, table, chart, spec, html',
    '.blocks[4]: needs data',
    '.blocks[5]: needs a mediaType and an alt text',
    ".blocks[6]: needs a spec, with format 'vega-lite'",
    '.blocks[7]: needs 1 cells in each row, as it has 1 columns: see rows[1]',
    '.blocks[8]: needs columns: a list of texts',
    '.blocks[9]: needs auc as roc charts have them',
    '.blocks[10]: needs data: what a function of pipewright/charts returns',
    '.title: is no text',
  ])
    await expect(encoding).rejects.toThrow(message)
  await expect(
    encode(report(), { blocks: [{ type: 'spec', format: 'vega-lite', spec: { at: new Date(0) } }] }),
  ).rejects.toThrow('.blocks[0].spec.at is an instance of Date')
})
