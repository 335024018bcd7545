import { join } from 'node:path'
import { PipewrightError, type Digest } from 'pipewright'
import { metadataStoreContract, type MetadataStoreRule } from 'pipewright/testing'
import type { MetadataStore } from '../../src/record/metadata.ts'
import { openSqliteMetadata, type SqliteMetadata } from '../../src/record/sqlite/store.ts'
import { tempFolder } from '../workspace/temp.ts'
import { changed, failsOnEachDefect } from './planted-defects.ts'

type Methods = Partial<MetadataStore>
type Defect = (store: MetadataStore) => Methods

const lost = (): PipewrightError => new PipewrightError('LEASE_LOST', 'it is lost', { fix: 'none' })

async function* reversed<T>(items: AsyncIterable<T>): AsyncGenerator<T> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  yield* all.reverse()
}

async function* some<T>(items: AsyncIterable<T>, fits: (item: T, at: number) => boolean): AsyncGenerator<T> {
  let at = 0
  for await (const item of items) if (fits(item, at++)) yield item
}

/** Says that every run is free. */
const givesAll: Defect = (store) => ({ acquire: (run, owner) => store.acquire(run, owner, 'any') })
const unfenced: Defect = (store) => ({ append: (event) => store.append(event) })
/** Claims that know of no lease. */
const holders = new Map<Digest, string>()

const defects: Readonly<Record<MetadataStoreRule, Defect>> = {
  // The log.
  'gives events back as they were appended, in order': (store) => ({
    events: (run, after) => reversed(store.events(run, after)),
  }),
  'gives events after a place, and tells the last place': (store) => ({
    events: (run, after = 0) => store.events(run, after - 1),
  }),
  'goes on with a list while it is written to': (store) => ({
    events: (run, after) => some(store.events(run, after), (_, at) => at < 1_000),
  }),
  'keeps metrics that JSON has no numbers for': (store) => ({
    append: (event, lease) => store.append(JSON.parse(JSON.stringify(event)) as typeof event, lease),
  }),
  'commits an event and its blobs together': (store) => ({
    append: async ({ blobs, ...event }, lease) => {
      if (blobs !== undefined)
        await store.append({ run: 'blobs', at: 1, event: { type: 'run.proceeded' }, blobs })
      return store.append(event, lease)
    },
  }),
  'refuses one of many at once, and commits the others': (store) => {
    let failed: Promise<void> | undefined
    return {
      append: async (event, lease) => {
        const before = failed
        failed = store.append(event, lease)
        await before
        return failed
      },
    }
  },
  'flushes all that was appended': () => ({ flush: async () => undefined }),
  'refuses all calls once it is closed': () => ({ runs: async () => ({ items: [], next: undefined }) }),
  'keeps small blobs with their size and their time': (store) => ({
    append: ({ at, ...event }, lease) => store.append({ ...event, at: at + 1 }, lease),
  }),
  'makes the time of small blobs now, and tells which are there': () => ({
    touchBlobs: async (digests) => new Set(digests),
  }),
  'drops a small blob only when its bytes are these': (store) => ({
    dropBlob: async (digest) => {
      const bytes = await store.blob(digest)
      if (bytes !== undefined) await store.dropBlob(digest, bytes)
    },
  }),

  // Leases.
  'gives a run that nobody drives, with a rising fence': (store) => ({
    acquire: async (run, owner, evict) => {
      const acquired = await store.acquire(run, owner, evict)
      return acquired.ok ? { ...acquired, lease: { run, fence: 1 } } : acquired
    },
  }),
  'gives a run to one of many at once': givesAll,
  'leaves a run to an owner that lives, even when its lease has expired': givesAll,
  'takes a run from an owner that is dead at once': (store) => ({
    acquire: async (run, owner, evict) => {
      const acquired = await store.acquire(run, owner, evict)
      const lives = { ok: false, owner, heartbeatAt: 0, expired: false, liveness: 'unknown' } as const
      return acquired.ok && acquired.lease.fence > 1 ? lives : acquired
    },
  }),
  'takes a run from an owner that cannot be seen when its lease has expired': givesAll,
  'takes a run by force: from one owner, or from any': givesAll,
  'refuses what comes under an older lease, and keeps no part of it': unfenced,
  'judges each of many events at once by the lease of its moment': unfenced,
  'refuses a lease that nobody has had': unfenced,
  'does not end a lease by the release of an older one': (store) => ({
    release: async ({ run, fence }) => store.release({ run, fence: fence + 1 }),
  }),
  'tells the owner once that its run is to be cancelled': (store) => ({
    onCancelRequested: (run, listener) =>
      store.onCancelRequested(run, (reason) => {
        listener(reason)
        listener(reason)
      }),
  }),
  'keeps a cancel for the next owner, and for that one alone': (store) => ({
    acquire: async (run, owner, evict) => {
      const acquired = await store.acquire(run, owner, evict)
      return acquired.ok ? { ...acquired, cancelRequested: null } : acquired
    },
  }),
  'shows a run as interrupted that nobody drives': (store) => ({
    detail: async (run) => ({ ...(await store.detail(run))!, state: 'running' }),
  }),

  // What is posted.
  'takes a decision once, of a node that waits': (store) => ({
    post: async (run, event) => {
      const result = await store.post(run, event)
      return result === 'decided' ? 'posted' : result
    },
  }),
  'takes one of several decisions at once': (store) => ({
    post: async (run, event) => {
      const [posted] = await store.posted(run, 0)
      void store.post(run, event)
      return posted === undefined ? 'posted' : 'decided'
    },
  }),
  'takes a decision again when the one before did not fit': (store) => ({
    post: async (run, event) => {
      const result = await store.post(run, event)
      return (await store.posted(run, 0)).length > 1 ? 'decided' : result
    },
  }),
  'tells that the time to decide is over, and that a node has ended': (store) => ({
    append: (event, lease) =>
      store.append(
        event.event.type === 'wait.opened' ? { ...event, event: { ...event.event, until: null } } : event,
        lease,
      ),
  }),
  'takes nothing for a run that has ended or was never there': (store) => ({
    post: async (run, event) => {
      await store.append({ run, at: 1, event })
      return 'posted'
    },
  }),
  'lists what was posted after a place, in order': (store) => ({
    posted: async (run, after) => (await store.posted(run, after)).toReversed(),
  }),
  'tells who listens that something was posted': () => ({ onPosted: () => () => undefined }),
  'lists the runs that wait and that nobody drives': (store) => ({
    waiting: async () => (await store.waiting()).map((run) => ({ ...run, isPosted: false })),
  }),

  // Executions.
  'folds the attempts of a node into its execution': (store) => ({
    append: (event, lease) => {
      if (event.event.type !== 'attempt.failed') return store.append(event, lease)
      const { facts: _, ...rest } = event.event
      return store.append({ ...event, event: rest }, lease)
    },
  }),
  'tells how nodes have ended that gave no result': (store) => ({
    executions: async (run) =>
      (await store.executions(run)).map((execution) => ({ ...execution, blockedBy: 'somebody' })),
  }),
  'gives executions in the order of their start': (store) => ({
    detail: async (run) => {
      const detail = await store.detail(run)
      return detail && { ...detail, executions: detail.executions.toSorted((a, b) => a.number - b.number) }
    },
  }),
  'shows a node that was begun again as running': (store) => ({
    append: async (event, lease) => {
      if (event.event.type !== 'run.resumed') return store.append(event, lease)
    },
  }),
  'keeps the run with what it was started with and what it has given': (store) => ({
    append: (event, lease) =>
      store.append(
        event.event.type === 'run.started' ? { ...event, event: { ...event.event, tags: [] } } : event,
        lease,
      ),
  }),
  'tells which effects of a failed run were taken back': (store) => ({
    detail: async (run) => {
      const detail = await store.detail(run)
      return detail && { ...detail, undone: detail.undone.filter(({ state }) => state === 'undone') }
    },
  }),
  'keeps the first result of a call': (store) => ({
    call: async (run, node, key) => {
      let last
      for await (const { event } of store.events(run))
        if (event.type === 'call.succeeded' && event.node === node && event.idempotencyKey === key)
          last = event
      return last
    },
  }),
  'keeps the latest checkpoint until its node has succeeded': (store) => ({
    checkpoint: async (run, node) => {
      let last
      for await (const { event } of store.events(run))
        if (event.type === 'checkpoint.saved' && event.node === node) last = event
      return last
    },
  }),

  // The cache.
  'writes an entry for what ran and may be reused, and for nothing else': (store) => ({
    append: (event, lease) => {
      if (event.event.type !== 'node.succeeded') return store.append(event, lease)
      const { uncached: _, ...rest } = event.event
      return store.append({ ...event, event: rest }, lease)
    },
  }),
  'puts a later entry in the place of an earlier one': (store) => {
    const first = new Map<Digest, Awaited<ReturnType<MetadataStore['cached']>>>()
    return {
      append: async (event, lease) => {
        await store.append(event, lease)
        if (event.event.type !== 'node.succeeded' || event.event.key === null) return
        const { key } = event.event
        if (!first.has(key)) first.set(key, await store.cached(key))
      },
      cached: async (key) => first.get(key),
    }
  },
  'tells and touches the small blobs of an entry': (store) => ({
    cached: async (key) => {
      for await (const entry of store.cacheEntries())
        if (entry.key === key)
          return { ...entry, small: new Set(entry.facts.reports.map(({ blob }) => blob)) }
      return undefined
    },
  }),
  'forgets an entry until it is written again': (store) => {
    const forgotten = new Set<Digest>()
    return {
      forget: async (key) => void forgotten.add(key),
      cached: async (key) => (forgotten.has(key) ? undefined : store.cached(key)),
    }
  },
  'grants a key to one run at a time': () => ({
    claims: { claim: async () => true, release: () => undefined },
  }),
  'ends claims with the lease of their run': () => {
    // In a file in earnest; here of both that are open.
    return {
      claims: {
        claim: async (key, { run }) => (holders.get(key) ?? run) === run && Boolean(holders.set(key, run)),
        release: (key) => void holders.delete(key),
      },
    }
  },

  // Runs.
  'gives every run that fits, once and in order, whatever the size of a page': (store) => ({
    runs: async (query) => {
      const page = await store.runs(query)
      // A start is no place: several runs share one.
      return query?.after === undefined ? page : { ...page, items: page.items.slice(1) }
    },
  }),
  'gives fifty of the newest unless it is asked for others': (store) => ({
    runs: (query) => store.runs({ limit: 1_000, ...query }),
  }),
  'refuses a query that is none': (store) => ({
    runs: (query) => store.runs(query).catch(() => ({ items: [], next: undefined })),
  }),
  'finds runs by the beginning of their id': (store) => ({
    runsByPrefix: async (prefix) =>
      (await store.runs({ limit: 1_000 })).items.filter(({ id }) => id.includes(prefix)),
  }),
  'finds the run of a key': (store) => ({
    runByKey: async (_pipeline, key) =>
      (await store.runs({ limit: 1_000 })).items.find((run) => run.key === key),
  }),
  'shows pins': (store) => ({ pin: (run) => store.pin(run, true) }),
  'knows nothing of a run that was never there': (store) => ({
    detail: async (run) => (await store.detail(run)) ?? Promise.reject(lost()),
  }),

  // Lineage.
  'gives edges in rising order, with their ends': (store) => ({
    edges: (after) => reversed(store.edges(after)),
  }),
  'gives the named edges of executions, of artifacts, and of those within a run': (store) => ({
    edgesWithin: (_run, artifacts) => store.edgesOf('artifact', artifacts),
  }),
  'gives artifacts by their digest, by its beginning, and by their numbers': (store) => ({
    artifactsByNumber: async (numbers) =>
      (await store.artifactsByNumber(numbers)).toSorted((a, b) => a.number - b.number),
  }),
  'gives executions by their numbers, in the order asked for': (store) => ({
    executionsByNumber: (numbers) => store.executionsByNumber(numbers.toSorted((a, b) => a - b)),
  }),
  'gives the latest executions of a step that have really run': (store) => ({
    executionsOf: async (step, before, limit) => (await store.executionsOf(step, before, limit)).toReversed(),
  }),
  'gives all artifacts of a run': (store) => ({
    artifactsOfRun: (run) => some(store.artifactsOfRun(run), (_, at) => at > 0),
  }),
  'tells when edges are to be read again': () => ({ lineageGeneration: async () => 0 }),
  'registers a model of an equal digest once': (store) => {
    let count = 0
    return {
      registerModel: (entry, alias) =>
        store.registerModel({ ...entry, digest: `sha256:${String(++count).padStart(64, '0')}` }, alias),
    }
  },

  // Removal.
  'removes a run with all that is known of it, and spares what others use': (store) => ({
    remove: (request) => store.remove({ ...request, blobs: [] }),
  }),
  'keeps a run that has got an owner, and then every blob and entry': (store) => ({
    remove: async (request) => {
      const removed = await store.remove({ ...request, blobs: [], cacheKeys: [] })
      await store.remove({ ...request, runs: [] })
      return removed
    },
  }),
  'keeps a run that has changed since it was chosen': (store) => ({
    remove: async ({ runs, ...request }) => {
      const now = await Promise.all(runs.map(({ id }) => store.detail(id)))
      return store.remove({ ...request, runs: now.map((run) => run!) })
    },
  }),
  'spares small blobs that were used after a time': (store) => ({
    remove: ({ runs, blobs, cacheKeys }) => store.remove({ runs, blobs, cacheKeys }),
  }),

  // Schedules and triggers.
  'keeps how far a schedule has fired while its basis stays': (store) => ({
    declareTrigger: async (entry) => {
      await store.removeTrigger(entry.origin)
      await store.declareTrigger(entry)
    },
  }),
  'fires a key once, and moves the position with it': (store) => ({
    fire: (origin, firings) => store.fire(origin, firings),
  }),
  'gives each of many firings at once to one who fires': (store) => ({
    fire: async (origin, firings) => {
      await store.fire(origin, firings)
      return store.firings(origin, firings.length)
    },
  }),
  'fires nothing that is paused or gone': (store) => ({
    pauseTrigger: async (origin, paused, position) =>
      paused ? true : store.pauseTrigger(origin, paused, position),
  }),
  'lists what is to be started, in order': (store) => ({
    pendingFirings: async (at, limit) => (await store.pendingFirings(at, limit)).toReversed(),
  }),
  'gives a firing to one who starts it, until that one is gone': (store) => ({
    takeFiring: async (number, taker, judge) => {
      const taken = await store.takeFiring(number, taker, judge)
      return taken.verdict === 'gone' ? { ...taken, verdict: judge(taken.surroundings) } : taken
    },
  }),
  'tells who judges a firing what else goes on': (store) => ({
    takeFiring: (number, taker, judge) =>
      store.takeFiring(number, taker, (surroundings) => judge({ ...surroundings, runs: [] })),
  }),
  'lists what an origin has fired, the latest first': (store) => ({
    firings: async (origin, limit) => (await store.firings(origin, limit)).toReversed(),
  }),
  'forgets old firings that nothing more becomes of': (store) => ({
    pruneFirings: (origin, before) => store.pruneFirings(origin, before + 1),
  }),
  'removes a schedule with what it has fired': (store) => ({
    removeTrigger: async (origin) => {
      await store.removeTrigger(origin)
      return true
    },
  }),
  'lists the runs of a pipeline that have ended after a place': (store) => ({
    finishedRuns: (pipeline, _after, limit) => store.finishedRuns(pipeline, 0, limit),
  }),

  // Several processes.
  'has all that was committed when it is opened again': (store) => {
    const kept = new Set<string>()
    return {
      pin: async (run) => void kept.add(run),
      detail: async (run) => {
        const detail = await store.detail(run)
        return detail && { ...detail, pinned: kept.has(run) }
      },
    }
  },
  'shows each process what another one commits': (store) => {
    const own = new Set<number>()
    return {
      append: (event, lease) => {
        own.add(event.at)
        return store.append(event, lease)
      },
      events: (run, after) => some(store.events(run, after), ({ at }) => own.has(at)),
    }
  },
  'gives a run to one of several processes': givesAll,
  'does not let an owner commit that another process has replaced': unfenced,
  'tells an owner that another process has taken its run': () => ({ onLost: () => () => undefined }),
  'tells an owner that another process asks to cancel': (store) => {
    const listeners = new Set<(reason: string) => void>()
    return {
      onCancelRequested: (_run, listener) => {
        listeners.add(listener)
        return () => listeners.delete(listener)
      },
      requestCancel: async (run, reason) => {
        await store.requestCancel(run, reason)
        for (const listener of listeners) listener(reason)
      },
    }
  },
  'takes one of the decisions of several processes': (store) => {
    let isPosted = false
    return {
      post: async (run, event) => {
        const result = isPosted ? 'decided' : 'posted'
        isPosted = true
        await store.post(run, event)
        return result
      },
    }
  },
  'numbers the versions of a model across processes': (store) => {
    let version = 0
    return {
      registerModel: async (entry, alias) => ({
        ...(await store.registerModel(entry, alias)),
        version: ++version,
      }),
    }
  },
}

failsOnEachDefect(defects, (defect, test) => {
  const open = async (path: string, now: () => number): Promise<MetadataStore> => {
    const store = await openSqliteMetadata(path, { now })
    return changed<MetadataStore>(store, defect(store))
  }
  metadataStoreContract({
    create: async (now) => open(join(await tempFolder(), 'metadata.sqlite'), now),
    reopen: (store, now) => open((store as SqliteMetadata).path, now),
    test,
  })
})
