import { expect, test } from 'vitest'
import { notFiniteText } from '../../src/report-page/page/charts/not-finite.ts'
import { Budget } from '../../src/report-page/budget.ts'
import { embeddedJson } from '../../src/report-page/html.ts'
import { logOf, thinCurve } from '../../src/report-page/logs.ts'
import { markdownHtml } from '../../src/report-page/markdown.ts'
import { parseRoute, hrefOf } from '../../src/report-page/page/route.ts'
import { shown } from '../../src/report-page/shown.ts'
import { drawSpec } from '../../src/report-page/vega.ts'

test('texts are shown without the colours of terminals, controls and turns of direction as signs', () => {
  expect(
    shown('\u001b[1;31mred\u001b[0m \u001b]8;;http://x\u0007link\u001b]8;;\u0007 a\u0000b\u0007\u202ec'),
  ).toBe('red link a\u2400b\u2407\ufffdc')
  expect(shown('one\r\n\ttwo')).toBe('one\n\ttwo')
  expect(shown('abcdef', 4)).toBe('abc…')
})

test('JSON in the page cannot end its element', () => {
  const data = { text: '</script><!--\u2028' }
  expect(embeddedJson(data)).not.toMatch(/<|\u2028/)
  expect(JSON.parse(embeddedJson(data))).toEqual(data)
})

test('Markdown lets no HTML, no script and no picture of elsewhere through', async () => {
  const html = await markdownHtml(
    '# One\n### Three\n<b onclick="x">b</b> [a](javascript:x) [b](https://example.org/) ![p](https://example.org/p.png)\n\n|a|\n|-|\n|1|',
  )
  expect(html).toContain('<h4>One</h4>')
  expect(html).toContain('<h5>Three</h5>')
  expect(html).toContain('&lt;b onclick=')
  expect(html).not.toContain('href="javascript')
  expect(html).toContain('rel="noopener noreferrer"')
  expect(html).not.toContain('<img')
  expect(html).toContain('[picture: p]')
  expect(html).toContain('<td>1</td>')
  expect(await markdownHtml('![p](data:image/png;base64,AAAA)')).toContain('<img src="data:image/png')
})

test('a log gives its last lines and the curves of its metrics; half a line is left out', () => {
  const rows = [
    { at: 1_010, level: 'info', message: 'one', fields: { a: 1 } },
    { at: 1_020, metric: 'loss', value: 2, step: 1 },
    { at: 1_021, metric: 'loss', value: 3, step: 0 },
    { at: 1_022, metric: 'loss', value: 'NaN', step: 2 },
    { at: 1_030, level: 'warn', message: '\u001b[31mtwo' },
  ]
  const text = `${rows.map((row) => JSON.stringify(row)).join('\n')}\n{"at": 1`
  expect(logOf(text, 1_000, new Budget(1_000))).toEqual({
    lines: [
      [10, 'info', 'one', '{"a":1}'],
      [30, 'warn', 'two'],
    ],
    omitted: 0,
    curves: [
      {
        name: 'loss',
        points: [
          [0, 3],
          [1, 2],
        ],
        count: 3 - 1,
        notFinite: { count: 1, step: 2 },
      },
    ],
  })
  expect(logOf(text, 1_000, new Budget(40))).toMatchObject({ lines: [[30, 'warn', 'two']], omitted: 1 })
})

test('a curve of values that are no finite numbers has no points, and says so', () => {
  const rows = ['NaN', '-Infinity'].map((value, step) => JSON.stringify({ at: 0, metric: 'm', value, step }))
  const { curves } = logOf(rows.join('\n'), 0, new Budget(1_000))
  expect(curves).toEqual([{ name: 'm', points: [], count: 0, notFinite: { count: 2, step: 0 } }])
  expect(notFiniteText([...curves, { notFinite: { count: 1, step: 7 } }, {}])).toBe(
    '3 NaN or infinite values are not drawn, the first at step 0',
  )
  expect(notFiniteText([{}])).toBeUndefined()
})

test('a thinned curve keeps its ends and its peaks', () => {
  const points = Array.from({ length: 50_000 }, (_, x) => [x, x === 12_345 ? 99 : Math.sin(x)] as const)
  const thinned = thinCurve(points, 300)
  expect(thinned.length).toBeLessThanOrEqual(300)
  expect(thinned[0]).toEqual(points[0])
  expect(thinned.at(-1)).toEqual(points.at(-1))
  expect(thinned).toContainEqual([12_345, 99])
  expect(thinned.map(([x]) => x)).toEqual(thinned.map(([x]) => x).toSorted((a, b) => a - b))
})

test('places in the page are kept in its address, whatever nodes are called', () => {
  for (const route of [
    { view: 'graph', panel: { type: 'node', path: 'trials["a/b"]/x#%' } },
    { view: 'nodes', panel: { type: 'group', pattern: 'trials[]/train' } },
    { view: 'artifacts', panel: { type: 'artifact', number: 7 } },
    { view: 'lineage' },
  ] as const)
    expect(parseRoute(hrefOf(route))).toEqual(route)
  expect(parseRoute('#/nowhere/artifact/x')).toEqual({ view: 'summary' })
  expect(parseRoute('#/graph/node/%')).toEqual({ view: 'graph', panel: { type: 'node', path: '%' } })
})

test('a specification is drawn, or says why not', async () => {
  const bars = { mark: 'bar', encoding: { x: { field: 'a', type: 'nominal' } } }
  expect(await drawSpec({ ...bars, data: { values: [{ a: 'x' }] } })).toMatchObject({
    svg: expect.stringMatching(/^<svg/) as string,
  })
  expect(await drawSpec({ ...bars, data: { url: 'file:///etc/passwd' } })).toMatchObject({
    problem: expect.stringContaining('behind a URL') as string,
  })
  expect(await drawSpec({ mark: 'no such mark' })).toMatchObject({
    problem: expect.stringContaining('cannot be drawn') as string,
  })
})

test('without Vega the page says what to install', async () => {
  const result = await drawSpec({ mark: 'bar' }, () => Promise.resolve(undefined))
  expect(result).toEqual({ problem: expect.stringContaining('npm install vega vega-lite') as string })
})
