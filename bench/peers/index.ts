import { readFile, writeFile } from 'node:fs/promises'
import { cpus, loadavg, totalmem } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { cases } from './cases/index.ts'
import { readOptions, type Options } from './options.ts'
import { renderPage } from './page/page.ts'
import { withSummary } from './page/summary.ts'
import { peers } from './peers.ts'
import { cache, here, project } from './places.ts'
import type { PeerResult, Results } from './results.ts'
import { runPeer } from './run.ts'
import { shell } from './shell.ts'

/** Measures the peers that were asked for, one after the other. */
async function measure(options: Options): Promise<Results> {
  const start = performance.now()
  const load = loadavg()[0]!
  const measured: Record<string, PeerResult> = {}
  let server: string | null = null
  for (const peer of options.peers) {
    const { result, postgres } = await runPeer(peer, options)
    measured[peer.id] = result
    server ??= postgres
  }
  const place = { cwd: project }
  return {
    machine: {
      cpu: cpus()[0]?.model ?? 'unknown',
      cores: cpus().length,
      memoryGiB: Math.round(totalmem() / 2 ** 30),
      system: (await shell(['sh', '-c', '. /etc/os-release; echo "$PRETTY_NAME"'], place)).trim(),
      node: process.versions.node,
      python: (await shell(['python3', '--version'], place)).trim().replace('Python ', ''),
      postgres: server,
      date: new Date().toISOString().slice(0, 10),
      load,
    },
    options: { repeat: options.repeat, limit: options.limit },
    minutes: Math.round((performance.now() - start) / 60_000),
    peers: measured,
  }
}

async function summarize(results: Results): Promise<void> {
  const readme = join(project, 'README.md')
  await writeFile(readme, withSummary(await readFile(readme, 'utf8'), results))
}

async function main(): Promise<void> {
  const options = readOptions()
  const committed = { results: join(here, 'results.json'), page: join(project, 'docs/peers.md') }
  if (options.render) {
    const results = JSON.parse(await readFile(committed.results, 'utf8')) as Results
    await writeFile(committed.page, renderPage(results))
    await summarize(results)
    return
  }
  if (process.platform !== 'linux') throw new Error('bench:peers reads /proc: it runs on Linux')
  const results = await measure(options)
  // Figures that are shown come from one run of everything.
  const whole = options.peers.length === peers.length && options.cases.length === Object.keys(cases).length
  const files = whole ? committed : { results: join(cache, 'results.json'), page: join(cache, 'peers.md') }
  const page = renderPage(results)
  await writeFile(files.results, `${JSON.stringify(results, null, 2)}\n`)
  await writeFile(files.page, page)
  if (whole) {
    await summarize(results)
    await shell(['npx', 'oxfmt', files.results], { cwd: project })
  }
  process.stdout.write(page)
  process.stderr.write(`\n${results.minutes} minutes; written: ${files.page}\n`)
  if (!whole)
    process.stderr.write('not everything was run: results and page of the project are as they were\n')
}

try {
  await main()
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
