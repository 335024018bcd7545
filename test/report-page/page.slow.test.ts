import { RunFailedError, type Workspace } from 'pipewright'
import { renderReport } from 'pipewright/report'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { renderPage } from '../../src/report-page/html.ts'
import { script, style } from '../../src/report-page/page-bundle.ts'
import { tempWorkspace } from '../workspace/temp.ts'
import { launchBrowser, openPage, violationsOf } from './browser.ts'
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

describe('the page of a run in a browser', () => {
  test('every part opens: no request, no complaint, nothing that axe-core finds, light and dark', async () => {
    const html = await wholePage()
    for (const colorScheme of ['light', 'dark'] as const) {
      const { page, requests, complaints, go } = await openPage(browser, html, { colorScheme })
      for (const hash of [...views.map((view) => `#/${view}`), ...panels]) {
        await go(hash)
        expect(await violationsOf(page), `${hash} ${colorScheme}`).toEqual([])
      }
      expect(requests).toEqual([])
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
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to content')
    await page.keyboard.press('Enter')
    expect(await page.evaluate('document.activeElement.id')).toBe('main')
    await page.getByLabel('Name contains').focus()
    await page.keyboard.type('trials[1]')
    await page.getByRole('link', { name: /^trials\[1\]/ }).focus()
    await page.keyboard.press('Enter')
    await page.getByRole('complementary').waitFor()
    expect(await page.evaluate('document.activeElement.textContent')).toBe('trials[1]/train')
    await page.keyboard.press('Escape')
    await page.getByRole('complementary').waitFor({ state: 'detached' })
    expect(await page.evaluate('document.activeElement.textContent')).toBe('trials[1]/train')
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
    expect(await place()).not.toBe(before)
    await page.keyboard.press('0')
    expect(await place()).toBe(before)
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
    expect(await page.frameLocator('iframe').locator('p').innerText()).toBe('A fragment')
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
    expect(requests).toEqual([])
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
