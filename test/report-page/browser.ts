import { existsSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { chromium, type Browser, type Page } from 'playwright-core'
import { onTestFinished } from 'vitest'

const places = [
  process.env.CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
]

/** The system's Chromium; a machine without one has not run scripts/install-chromium.sh. */
export function launchBrowser(): Promise<Browser> {
  const executablePath = places.find((place) => place !== undefined && existsSync(place))
  if (executablePath === undefined)
    throw new Error('there is no Chromium: run scripts/install-chromium.sh, or name one in CHROMIUM')
  return chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-dev-shm-usage',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
    ],
  })
}

/** A page with what it has asked for and complained about. */
export interface OpenedPage {
  readonly page: Page
  /** Addresses of all requests but that of the page itself, without those that its policy has stopped. */
  readonly requests: string[]
  /** What the console has shown, and errors that nobody caught. */
  readonly complaints: string[]
  /** Goes to a place of the page and waits until it is there. */
  readonly go: (hash: string) => Promise<void>
}

/** Opens a document over HTTP, as a service would show it. */
export async function openPage(
  browser: Browser,
  html: string,
  options: {
    readonly hash?: string
    readonly width?: number
    readonly height?: number
    readonly colorScheme?: 'light' | 'dark'
  } = {},
): Promise<OpenedPage> {
  const { hash = '#/summary', width = 1280, height = 900, colorScheme = 'light' } = options
  const server = createServer((request, response) => {
    response.writeHead(request.url === '/' ? 200 : 404, { 'content-type': 'text/html' }).end(html)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const page = await browser.newPage({ viewport: { width, height }, colorScheme })
  onTestFinished(async () => {
    await page.close()
    server.closeAllConnections()
    server.close()
  })
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const requests: string[] = []
  const complaints: string[] = []
  page.on('request', (request) => {
    const url = request.url()
    if (url !== address && !url.startsWith('data:') && url !== 'about:srcdoc') requests.push(url)
  })
  page.on('requestfailed', (request) => {
    // Chromium tells of requests that the policy of the page keeps from being sent, if frames are watched early enough.
    const at = request.failure()?.errorText === 'csp' ? requests.indexOf(request.url()) : -1
    if (at >= 0) requests.splice(at, 1)
  })
  page.on('console', (message) => complaints.push(`${message.type()}: ${message.text()}`))
  page.on('pageerror', (error) => complaints.push(String(error)))
  const go = async (place: string): Promise<void> => {
    await page.goto(`${address}${place}`)
    await page.locator('main h2').first().waitFor({ state: 'attached' })
  }
  await go(hash)
  return { page, requests, complaints, go }
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** What axe-core finds wrong with a page, a line each. */
export async function violationsOf(page: Page): Promise<string[]> {
  await page.evaluate(axe)
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: {
        run: (
          options: object,
        ) => Promise<{ violations: { id: string; nodes: { html: string; failureSummary?: string }[] }[] }>
      }
    }
    const { violations } = await axe.run({ resultTypes: ['violations'], iframes: false })
    return violations.map(
      ({ id, nodes }) =>
        `${id}: ${nodes.map((node) => `${node.html} ${node.failureSummary ?? ''}`).join('\n')}`,
    )
  })
}
