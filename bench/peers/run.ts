import { performance } from 'node:perf_hooks'
import { Bench } from './bench.ts'
import { cases } from './cases/index.ts'
import { install } from './environment.ts'
import type { Options } from './options.ts'
import type { Peer } from './peer.ts'
import { startPostgres, type Postgres } from './postgres.ts'
import type { PeerResult } from './results.ts'

/** Measures a peer; what does not work is told in its failures, and nothing of it stops the others. */
export async function runPeer(
  peer: Peer,
  options: Options,
): Promise<{ readonly result: PeerResult; readonly postgres: string | null }> {
  const failures: Record<string, string> = {}
  let result: PeerResult = { versions: {}, failures }
  let postgres: Postgres | undefined
  try {
    const environment = await timed(peer, 'installed', () => install(peer))
    result = { ...result, versions: environment.versions }
    if (peer.postgres === true) postgres = await startPostgres()
    const bench = new Bench(peer, environment, options.limit, postgres)
    await timed(peer, 'prepared', () => bench.prepare())
    for (const name of options.cases) {
      try {
        const measured = await timed(peer, name, () => cases[name](bench, options.repeat))
        result = { ...result, ...measured }
      } catch (error) {
        failures[name] = tell(peer, name, error)
      }
    }
  } catch (error) {
    failures.all = tell(peer, 'SKIPPED', error)
  } finally {
    await postgres?.stop()
  }
  return { result, postgres: postgres?.version ?? null }
}

async function timed<T>(peer: Peer, what: string, run: () => Promise<T>): Promise<T> {
  const start = performance.now()
  const value = await run()
  const seconds = ((performance.now() - start) / 1000).toFixed(1).padStart(6)
  process.stderr.write(`${peer.id.padEnd(21)} ${what.padEnd(10)} ${seconds} s\n`)
  return value
}

/** Says loudly what did not work; returns it without folders and hosts of this machine. */
function tell(peer: Peer, what: string, error: unknown): string {
  const said = error instanceof Error ? error.message : String(error)
  const message = said.replaceAll(/https?:\/\/\S+|\/[\w.+@-]+\/[^\s'")]*/g, '…')
  process.stderr.write(`${peer.id.padEnd(21)} ${what.padEnd(10)} FAILED: ${message}\n`)
  return message
}
