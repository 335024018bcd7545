import type { Bench } from '../bench.ts'
import type { PeerResult } from '../results.ts'
import { cached } from './cached.ts'
import { chain } from './chain.ts'
import { install } from './install.ts'
import { map } from './map.ts'
import { resume } from './resume.ts'
import { syncs } from './syncs.ts'
import { truth } from './truth.ts'

export type CaseName = 'install' | 'syncs' | 'chain' | 'map' | 'cached' | 'resume' | 'truth'

type Case = (bench: Bench, repeat: number) => Promise<Partial<PeerResult>>

/** What is measured of each peer, in this order; a case that a peer has no means for gives nothing. */
export const cases: Readonly<Record<CaseName, Case>> = {
  install: async (bench, repeat) => ({ install: await install(bench, repeat) }),
  syncs: async (bench) => ({ syncs: await syncs(bench) }),
  chain: async (bench, repeat) => ({ chain: await chain(bench, repeat) }),
  map: async (bench, repeat) => ({ map: await map(bench, repeat) }),
  cached: async (bench, repeat) => ('on' in bench.peer.cache ? { cached: await cached(bench, repeat) } : {}),
  resume: async (bench, repeat) => ({ resume: await resume(bench, repeat) }),
  truth: async (bench) => ('on' in bench.peer.cache ? { truth: await truth(bench) } : {}),
}
