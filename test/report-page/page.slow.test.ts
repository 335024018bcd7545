import {
  defineCommandStep,
  definePipeline,
  defineStep,
  file,
  metrics,
  report,
  RunFailedError,
  type ReportBlock,
  type Workspace,
} from 'pipewright'
import { confusionMatrix, prCurve } from 'pipewright/charts'
import { renderReport } from 'pipewright/report'
import type { Browser } from 'playwright-core'
import { z } from 'zod'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { renderPage } from '../../src/report-page/html.ts'
import { script, style } from '../../src/report-page/page-bundle.ts'
import { tempWorkspace } from '../workspace/temp.ts'
import { launchBrowser, openPage, violationsOf } from './browser.ts'
import { inProgress } from './in-progress.ts'
import { attack, everything, hostile } from './pipelines.ts'
import { syntheticPage } from './synthetic.ts'

const views = [
  'summary',
  'reports',
  'graph',
  'timeline',
  'nodes',
  'artifacts',
  'lineage',
  'environment',
  'compare',
]
const panels = [
  '#/graph/node/trials%5B1%5D%2Ftrain',
  '#/graph/group/trials%5B%5D%2Ftrain',
  '#/nodes/node/evaluate',
  '#/artifacts/artifact/2',
]

let browser: Browser
beforeAll(async () => {
  browser = await launchBrowser()
})
afterAll(() => browser.close())

/** The id of a run that ended in a failure. */
async function failedRun(pw: Workspace, run: () => Promise<unknown>): Promise<string> {
  await expect(run()).rejects.toBeInstanceOf(RunFailedError)
  return (await pw.runs()).items[0]!.id
}

/** The page of a run with a map, a branch, a retry and reports, compared with one before. */
async function wholePage(): Promise<string> {
  const pw = await tempWorkspace()
  const before = await pw.run(everything, { count: 60, rates: [1, 3] })
  const { run } = await pw.run(everything, { count: 60, rates: [1, 2, 4] })
  return renderReport(pw, run.id, { compareWith: before.run.id })
}

/** The page of a run whose report has these blocks. */
async function pageOfReport(blocks: readonly ReportBlock[]): Promise<string> {
  const tell = defineStep({
    name: 'tell',
    cache: 'never',
    inputs: {},
    outputs: { summary: report() },
    run: () => ({ summary: { title: 'Blocks', blocks } }),
  })
  const pw = await tempWorkspace()
  const { run } = await pw.run(
    definePipeline({ name: 'telling', inputs: {} }, (p) => p.step(tell, {})),
    {},
  )
  return renderReport(pw, run.id)
}

describe('the page of a run in a browser', () => {
  test('every part opens: no request, no complaint, nothing that axe-core finds, light and dark', async () => {
    const html = await wholePage()
    for (const colorScheme of ['light', 'dark'] as const) {
      const { page, requests, complaints, go } = await openPage(browser, html, { colorScheme })
      for (const hash of [...views.map((view) => `#/${view}`), ...panels]) {
        await go(hash)
        expect(await violationsOf(page), `${hash} ${colorScheme}`).toEqual([])
      }
      await expect.poll(() => requests).toEqual([])
      expect(complaints).toEqual([])
    }
  })

  test('the system chooses the colours, a switch overrides it', async () => {
    const { page } = await openPage(browser, await wholePage(), { colorScheme: 'dark' })
    const ground = (): Promise<string> => page.evaluate('getComputedStyle(document.body).backgroundColor')
    const dark = await ground()
    await page.getByLabel('Theme').selectOption('light')
    const light = await ground()
    expect(light).not.toBe(dark)
    await page.reload()
    expect(await ground()).toBe(light)
    await page.getByLabel('Theme').selectOption('auto')
    expect(await ground()).toBe(dark)
  })

  test('a phone of 360 pixels shows every part without scrolling sideways', async () => {
    const { page, go } = await openPage(browser, await wholePage(), { width: 360, height: 740 })
    for (const hash of [...views.map((view) => `#/${view}`), ...panels]) {
      await go(hash)
      expect(await page.evaluate('document.documentElement.scrollWidth'), hash).toBeLessThanOrEqual(360)
    }
  })

  test('the keyboard goes from the head to a node and back', async () => {
    const { page } = await openPage(browser, await wholePage(), { hash: '#/nodes' })
    await page.keyboard.press('Tab')
    await expect.poll(() => page.evaluate('document.activeElement.textContent')).toBe('Skip to content')
    await page.keyboard.press('Enter')
    await expect.poll(() => page.evaluate('document.activeElement.id')).toBe('main')
    await page.getByLabel('Name contains').focus()
    await page.keyboard.type('trials[1]')
    await page.getByRole('link', { name: /^trials\[1\]/ }).focus()
    await page.keyboard.press('Enter')
    await page.getByRole('complementary').waitFor()
    await expect.poll(() => page.evaluate('document.activeElement.textContent')).toBe('trials[1]/train')
    await page.keyboard.press('Escape')
    await page.getByRole('complementary').waitFor({ state: 'detached' })
    await expect.poll(() => page.evaluate('document.activeElement.textContent')).toBe('trials[1]/train')
    // In the graph each node is a link; arrows move, plus and minus zoom.
    await page.getByRole('link', { name: 'Graph' }).focus()
    await page.keyboard.press('Enter')
    await expect.poll(() => page.evaluate('document.activeElement.id')).toBe('main')
    const canvas = page.getByRole('group', { name: /^Graph of/ })
    await canvas.focus()
    const place = (): Promise<string | null> => canvas.locator('> g').getAttribute('transform')
    const before = await place()
    await page.keyboard.press('+')
    await page.keyboard.press('ArrowLeft')
    await expect.poll(place).not.toBe(before)
    await page.keyboard.press('0')
    await expect.poll(place).toBe(before)
    await canvas.getByRole('link', { name: /^evaluate/ }).focus()
    await page.keyboard.press('Enter')
    await expect.poll(() => page.evaluate('document.activeElement.textContent')).toBe('evaluate')
  })

  test('a node tells of its attempts, logs, curves, values and key; a failed run of what failed', async () => {
    const pw = await tempWorkspace()
    const first = await pw.run(everything, { count: 30, rates: [1, 2] })
    const id = await failedRun(pw, () => pw.run(everything, { count: 30, rates: [1, 3], fails: true }))
    const { page, go } = await openPage(browser, await renderReport(pw, first.run.id))
    await go('#/nodes/node/trials%5B1%5D%2Ftrain')
    const panel = page.getByRole('complementary')
    const text = await panel.innerText()
    for (const part of ['Attempt 1: failed', 'a flaky start', 'Attempt 2: succeeded', 'trained', '"rate":2'])
      expect(text).toContain(part)
    await panel.getByRole('img', { name: 'error' }).waitFor()
    expect(text).toContain('Not kept for other runs: the step read ctx.attempt')
    await panel.getByRole('link', { name: /table/ }).click()
    await panel.getByRole('img', { name: /^x: 0 to / }).waitFor()
    expect(await panel.innerText()).toContain('3 distinct values')

    const failed = await openPage(browser, await renderReport(pw, id))
    const summary = await failed.page.locator('main').innerText()
    for (const part of ['What failed', 'release/then/publish', 'the registry said no', '503'])
      expect(summary).toContain(part)
    await failed.go('#/nodes/node/trials%5B1%5D%2Ftrain')
    expect(await failed.page.getByRole('complementary').innerText()).toContain('input rate')
    await failed.go('#/nodes/node/make')
    const reused = await failed.page.getByRole('complementary').innerText()
    expect(reused).toContain('Reused')
    expect(reused).toContain('making')
  })

  test('what failed steps had measured is shown; values that are no finite numbers are told, not hidden', async () => {
    const train = defineStep({
      name: 'train',
      cache: 'never',
      inputs: { rate: z.number() },
      outputs: { n: z.number(), scores: metrics({ auc: z.number().or(z.nan()) }) },
      run: ({ rate }, ctx) => {
        for (let step = 0; step < 10; step++)
          ctx.metric('loss', rate > 1 && step > 6 ? Number.NaN : rate / (step + 1), { step })
        if (rate > 1) throw new Error('the loss is no number')
        return { n: 1, scores: { auc: Number.NaN } }
      },
    })
    const trials = definePipeline(
      { name: 'diverging', inputs: { rates: z.array(z.number()) } },
      (p, input) => ({
        n: p.map(input.rates, (rate, q) => q.step(train, { rate }), { id: 'trials' }).n,
      }),
    )
    const pw = await tempWorkspace()
    const id = await failedRun(pw, () => pw.run(trials, { rates: [0.5, 2] }, { failure: 'continue' }))
    const { page, go, complaints } = await openPage(browser, await renderReport(pw, id))
    const table = page.getByRole('table', { name: 'Metrics of train' })
    expect(await table.getByRole('row').allInnerTexts()).toEqual([
      'node\trate\tloss\tauc',
      'trials[0]/train\t0.5\t0.05\tNaN',
      expect.stringMatching(/failed:\s+trials\[1\]\/train\t2\tNaN\t$/),
    ])
    const warning = '3 NaN or infinite values are not drawn, the first at step 7'
    expect(await page.locator('main').innerText()).toContain(warning)
    await go('#/nodes/node/trials%5B1%5D%2Ftrain')
    const panel = page.getByRole('complementary')
    expect(await panel.innerText()).toContain(warning)
    await panel.getByRole('img', { name: 'loss', exact: true }).waitFor()
    await go('#/nodes/node/trials%5B0%5D%2Ftrain')
    expect(await panel.innerText()).toContain('auc NaN')
    expect(complaints).toEqual([])
  })

  test('a run that waits says for what and how to go on; handlers stand last, plans that are small are whole', async () => {
    const one = defineStep({ name: 'one', inputs: {}, outputs: { n: z.number() }, run: () => ({ n: 1 }) })
    const waits = definePipeline({ name: 'waits', inputs: {} }, (p) => {
      p.step(one, {})
      p.signal('labels')
      p.approve({ id: 'go live', by: ['ada'], message: 'Deploy <b>it</b>?' })
      p.always((q) => q.step(one, {}, { id: 'note' }), { id: 'tidy' })
      return {}
    })
    const pw = await tempWorkspace()
    const handle = await pw.start(waits, {})
    await expect.poll(async () => (await pw.waits(handle.id)).length).toBe(2)
    const html = await renderReport(pw, handle.id)
    handle.cancel()
    await handle.result().catch(() => undefined)
    const { page, go } = await openPage(browser, html)
    const summary = await page.locator('main').innerText()
    for (const part of [
      'What it waits for',
      `npx pipewright signal ${handle.id} labels`,
      'go live waits for a decision by ada: Deploy <b>it</b>?',
      `npx pipewright approve ${handle.id} 'go live'`,
    ])
      expect(summary).toContain(part)
    expect(await violationsOf(page)).toEqual([])
    await go('#/timeline')
    const rows = page.getByRole('region', { name: 'Timeline of the steps' }).getByRole('link')
    const names = (await rows.allInnerTexts()).map((text) => text.trim()).toSorted()
    expect(names).toEqual(['go live', 'labels', 'one'])
    await go('#/graph')
    const graph = page.locator('main')
    expect(await graph.innerText()).not.toContain('too large')
    expect(await graph.getByRole('link', { name: /^tidy/ }).getAttribute('aria-label')).toContain('always')
    const top = async (name: RegExp): Promise<number> =>
      (await graph.getByRole('link', { name }).boundingBox())!.y
    expect(await top(/^tidy/)).toBeGreaterThan(await top(/^go live/))
  })

  test('a confusion matrix of many classes has room, and its names are whole', async () => {
    const classes = Array.from({ length: 600 }, (_, row) => `class number ${row % 20}`)
    const html = await pageOfReport([prCurve([1, 0], [0.9, 0.1]), confusionMatrix(classes, classes)])
    const { page } = await openPage(browser, html, { hash: '#/reports' })
    const box = page.getByRole('region', { name: 'Confusion matrix' })
    expect(await box.evaluate(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)).toBe(0)
    // No name is broken into lines: the rows are as high as their numbers need.
    const heights = await box.locator('tbody tr').evaluateAll((rows) => rows.map((row) => row.clientHeight))
    expect(Math.max(...heights)).toBeLessThan(40)
  })

  test('charts are drawn, and their data is behind a button', async () => {
    const { page } = await openPage(browser, await wholePage(), { hash: '#/reports' })
    for (const name of [
      'ROC curve',
      'Precision and recall',
      'Calibration',
      'Residuals',
      'Feature importance',
    ])
      await page.getByRole('img', { name, exact: true }).waitFor()
    await page.getByRole('table', { name: /^Confusion matrix/ }).waitFor()
    await page.getByRole('img', { name: 'two bars' }).waitFor()
    expect(await page.locator('main').innerText()).toContain('its data is behind a URL')
    const button = page.getByRole('button', { name: 'Show data of ROC curve' })
    await button.click()
    const table = page.getByRole('table', { name: 'Data of ROC curve' })
    expect(await table.getByRole('columnheader').allInnerTexts()).toEqual([
      'false positive rate',
      'true positive rate',
      'threshold',
    ])
    const frames = page.frameLocator('iframe')
    expect(await frames.first().locator('p').innerText()).toBe('A fragment')
    expect(await frames.nth(1).locator('p').innerText()).toBe('A plain fragment')
  })

  test('a precision-recall curve is drawn in steps whose area is the average precision', async () => {
    const chart = prCurve([true, false, true, true, false, true], [0.9, 0.8, 0.7, 0.6, 0.4, 0.3])
    const { page } = await openPage(browser, await pageOfReport([chart]), { hash: '#/reports' })
    const figure = page.locator('figure.chart')
    const numbers = (await figure.locator('path.area').getAttribute('d'))!.match(/-?[\d.]+/g)!.map(Number)
    const points = Array.from({ length: numbers.length / 2 }, (_, i) => numbers.slice(2 * i, 2 * i + 2))
    const corners = points.slice(0, -2)
    for (const [i, [x, y]] of corners.slice(1).entries())
      expect(x === corners[i]![0] || y === corners[i]![1], `${x} ${y}`).toBe(true)
    // The path closes along the axis: these are the places of (1, 0) and (0, 0). The first precision is 1.
    const [[right, bottom], [left]] = points.slice(-2) as [[number, number], [number, number]]
    const top = corners[0]![1]!
    let area = 0
    for (const [i, [x, y]] of corners.slice(1).entries())
      area += ((x! - corners[i]![0]!) / (right - left)) * ((bottom - y!) / (bottom - top))
    expect(area).toBeCloseTo(chart.data.averagePrecision, 3)
    expect(await figure.innerText()).toContain(`average precision ${chart.data.averagePrecision.toFixed(4)}`)
  })

  test('names that are too long are cut in the middle, and stay in their boxes', async () => {
    const name = 'load-the-customers-of-all-regions-from-the-warehouse-and-normalise-them'
    const step = defineStep({
      name: 'say',
      version: '1',
      inputs: { n: z.number() },
      outputs: { n: z.number() },
      run: ({ n }) => ({ n }),
    })
    const pipeline = definePipeline({ name: 'names', inputs: {} }, (p) => {
      const { n } = p.step(step, { n: 1 }, { id: name })
      p.map([1, 2], (item, q) => q.step(step, { n: item }), { id: `${name}-each` })
      return { n: p.step(step, { n }, { id: 'WWWWWWWWWWWWWWWWWWWW' }).n }
    })
    const pw = await tempWorkspace()
    const { run } = await pw.run(pipeline, {})
    const { page } = await openPage(browser, await renderReport(pw, run.id), { hash: '#/graph' })
    const sizes = await page.locator('.graph .node').evaluateAll((nodes) =>
      nodes.map((node) => ({
        right: node.querySelector('rect')!.getBoundingClientRect().right,
        texts: [...node.querySelectorAll('text')].map((text) => text.getBoundingClientRect().right),
      })),
    )
    expect(sizes).toHaveLength(4)
    for (const { right, texts } of sizes) for (const text of texts) expect(text).toBeLessThan(right)
    const node = page.locator(`a[href='#/graph/node/${name}']`)
    expect(await node.locator('title').textContent()).toBe(name)
    expect(await node.locator('text.label').textContent()).toMatch(/^load-.*….*-them$/)
    await node.click()
    expect(await page.getByRole('complementary').getByRole('heading', { level: 2 }).innerText()).toBe(name)
  })

  test.each([1280, 360])(
    'at %i pixels an attempt tells where it ran, what it used and how it ended',
    async (width) => {
      const code = `const held = Buffer.alloc(${250 * 2 ** 20}, 1)
      setTimeout(() => require('node:fs').writeFileSync(process.argv[1], String(held.length)), 600)`
      const take = defineCommandStep({
        name: 'take',
        outputs: { out: file('text/plain') },
        command: [process.execPath, '-e', code, '--', '{out}'],
        resources: { memory: '150MiB' },
        retry: { attempts: 2, delay: 1, escalate: { memory: 3 } },
      })
      const pw = await tempWorkspace()
      const { run } = await pw.run(
        definePipeline({ name: 'taking' }, (p) => p.step(take, {})),
        {},
      )
      const html = await renderReport(pw, run.id)
      const { page } = await openPage(browser, html, { hash: '#/nodes/node/take', width, height: 900 })
      const attempts = page.locator('.attempt')
      const [first = '', second = ''] = await attempts.allInnerTexts()
      expect(first).toMatch(/^Attempt 1: failed, out of memory after/)
      expect(first).toMatch(/It ran as a command · at most \d+ MiB · (\d+ ms|[\d.]+ s) of CPU time\./)
      expect(second).toMatch(/^Attempt 2: succeeded after[^]*It ran as a command · at most \d+ MiB/)
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width)
    },
  )

  test('on a phone what charts and the graph say is as large as other small text', async () => {
    const html = await wholePage()
    const { page, go } = await openPage(browser, html, { hash: '#/reports', width: 360, height: 740 })
    const heights = (selector: string): Promise<number[]> =>
      page.locator(selector).evaluateAll((texts) =>
        texts.map((text) => {
          const { a = 1 } = (text as SVGTextElement).getScreenCTM() ?? {}
          return (
            Number.parseFloat(getComputedStyle(text).fontSize) *
            Math.hypot(a, (text as SVGTextElement).getScreenCTM()!.b)
          )
        }),
      )
    const charts = await heights('.plot text')
    expect(charts.length).toBeGreaterThan(20)
    expect(Math.min(...charts)).toBeGreaterThanOrEqual(11.9)
    await go('#/graph')
    const labels = await heights('.graph .label')
    expect(Math.min(...labels)).toBeGreaterThanOrEqual(10)
  })

  test('a whole row opens its node; arrows go from row to row', async () => {
    const { page } = await openPage(browser, await wholePage(), { hash: '#/nodes' })
    const row = page.getByRole('row').filter({ hasText: 'evaluate' }).first()
    const { width, height } = (await row.boundingBox())!
    // The end of the row, far from its name.
    await row.click({ position: { x: width - 20, y: height / 2 } })
    const title = page.getByRole('complementary').getByRole('heading', { level: 2 })
    await expect.poll(() => title.innerText()).toBe('evaluate')
    await expect.poll(() => row.locator('[aria-current]').count()).toBe(1)
    await expect.poll(() => page.evaluate('document.activeElement.id')).toBe('panel-title')
    await page.keyboard.press('Escape')
    const focused = (): Promise<string> => page.evaluate('document.activeElement.textContent')
    await expect.poll(focused).toBe('evaluate')
    await page.keyboard.press('ArrowDown')
    await expect.poll(focused).not.toBe('evaluate')
    const below = await focused()
    await page.keyboard.press('ArrowUp')
    await expect.poll(focused).toBe('evaluate')
    await page.keyboard.press('ArrowDown')
    await expect.poll(focused).toBe(below)
    await page.keyboard.press('Enter')
    await expect.poll(() => title.innerText()).toBe(below)
    await expect.poll(() => page.evaluate('document.activeElement.id')).toBe('panel-title')
    await page.keyboard.press('Escape')
    await page.getByRole('complementary').waitFor({ state: 'detached' })
    await page.getByLabel('one row for all items of a map').check()
    await page.getByRole('link', { name: /^trials\[\].*× 3$/ }).click()
    expect(
      await page.getByRole('complementary').getByRole('img', { name: 'error over its steps' }).count(),
    ).toBe(1)
  })

  test('HTML follows the colours of the page, is about as high as what it holds, and runs nothing', async () => {
    const plain = '<p>plain</p>'
    // Cells and rows need not be closed.
    const long = `<table>${'<tr><td>1<td>2'.repeat(12)}</table>`
    const html = await pageOfReport([
      { type: 'html', text: plain },
      { type: 'html', text: long },
      {
        type: 'html',
        text: '<p style="color: #222">ink</p><script>parent.document.title = "owned"</script>',
      },
      {
        type: 'html',
        text: '<p style="color: #222">both</p><meta name="color-scheme" content="light dark">',
      },
    ])
    const { page } = await openPage(browser, html, { hash: '#/reports', colorScheme: 'dark' })
    const frames = page.locator('iframe')
    const textColour = (at: number): Promise<string> =>
      frames
        .nth(at)
        .contentFrame()
        .locator('body')
        .evaluate((body) => getComputedStyle(body).color)
    const ground = (at: number): Promise<string> =>
      frames.nth(at).evaluate((frame) => getComputedStyle(frame).backgroundColor)
    expect(await frames.nth(0).evaluate((frame) => frame.clientHeight)).toBeLessThan(100)
    expect(await frames.nth(1).evaluate((frame) => frame.clientHeight)).toBeGreaterThan(300)
    expect([await textColour(0), await ground(0)]).toEqual(['rgb(255, 255, 255)', 'rgba(0, 0, 0, 0)'])
    expect([await textColour(2), await ground(2)]).toEqual(['rgb(0, 0, 0)', 'rgb(255, 255, 255)'])
    expect(await ground(3)).toBe('rgba(0, 0, 0, 0)')
    expect(await page.title()).not.toBe('owned')
    await page.getByLabel('Theme').selectOption('light')
    await expect.poll(() => textColour(0)).toBe('rgb(0, 0, 0)')
  })

  test('a run in progress says what runs since when, and what waits for what', async () => {
    const pw = await tempWorkspace()
    const html = await inProgress(pw, (run) => renderReport(pw, run))
    const { page, go } = await openPage(browser, html)
    const summary = await page.locator('main').innerText()
    for (const part of ['so far', '4 running', '2 waiting', 'and 3 items of maps that have not begun'])
      expect(summary).toContain(part)
    expect(summary).not.toMatch(/\b0 ms of work|not run|resume/)
    const panel = page.getByRole('complementary')
    await go('#/nodes/node/long')
    expect(await panel.innerText()).toMatch(/Running since\s+\d\d:\d\d:\d\d UTC: .* so far/)
    await go('#/nodes/node/later')
    expect(await panel.innerText()).toMatch(/Waiting for\s+long/)
    await go('#/nodes/node/flaky')
    expect(await panel.innerText()).toMatch(/Waiting\s+until \d\d:\d\d:\d\d UTC, when it is tried again/)
    expect(await panel.innerText()).toContain('not yet')
    await go('#/nodes/node/each')
    expect(await panel.innerText()).toContain('5, of which 3 have not begun')
    for (const view of ['graph', 'timeline', 'nodes']) {
      await go(`#/${view}`)
      expect(await violationsOf(page), view).toEqual([])
    }
  })

  test('what users write is text: HTML, scripts and sequences of terminals do nothing', async () => {
    const pw = await tempWorkspace()
    const id = await failedRun(pw, () => pw.run(attack, { text: hostile }, { tags: [hostile] }))
    const { executions } = await pw.show(id)
    const { page, requests, complaints, go } = await openPage(browser, await renderReport(pw, id))
    const hashes = views.slice(0, -1).map((view) => `#/${view}`)
    for (const { node } of executions) hashes.push(`#/nodes/node/${encodeURIComponent(node)}`)
    for (const hash of hashes) {
      await go(hash)
      if (hash === '#/reports')
        await page.getByRole('combobox', { name: 'Report' }).selectOption({ index: 1 })
      const isOwned = page.evaluate(() => (globalThis as { owned?: number }).owned !== undefined)
      expect(await isOwned, hash).toBe(false)
      expect(await page.locator('body').innerText(), hash).not.toContain('\u001b')
      expect(await page.locator('main img[src="x"], main b[onclick], a[href^="javascript"]').count()).toBe(0)
      expect(await page.evaluate('document.documentElement.scrollWidth'), hash).toBeLessThanOrEqual(1280)
    }
    await expect.poll(() => requests).toEqual([])
    // The browser says of fragments what it has kept them from.
    const kept = /srcdoc|Content Security Policy/
    expect(complaints.filter((text) => !kept.test(text))).toEqual([])
  })

  test('a run of 10,000 nodes is drawn as far as it can be seen', async () => {
    const { page, complaints, go } = await openPage(
      browser,
      renderPage(syntheticPage(10_000), { script, style }),
    )
    const elements = (): Promise<number> => page.locator('*').count()
    for (const view of ['summary', 'graph', 'timeline', 'nodes', 'artifacts']) {
      await go(`#/${view}`)
      expect(await elements(), view).toBeLessThan(1_500)
    }
    await go('#/nodes')
    const table = page.getByRole('table', { name: 'Nodes of the run' })
    expect(await table.getAttribute('aria-rowcount')).toBe('10002')
    await table.evaluate((element) => element.scrollTo(0, 1e7))
    await page.getByRole('link', { name: /items\[9999\]/ }).click()
    expect(await page.getByRole('complementary').innerText()).toContain('9999')
    await page.getByLabel('State').selectOption('failed')
    expect(await page.getByRole('status').innerText()).toBe('2 of 10,001')
    expect(complaints).toEqual([])
  })
})
