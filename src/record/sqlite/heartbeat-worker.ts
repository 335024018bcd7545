/** What the heartbeat thread is started with. */
export interface HeartbeatSettings {
  readonly path: string
  readonly engine: 'node:sqlite' | 'libsql'
  /** Where libsql is, when it is the engine. */
  readonly library: string
  /** Milliseconds: between heartbeats, of a lease, and between looks at the flags. */
  readonly interval: number
  readonly ttl: number
  readonly poll: number
}

/** To the thread. */
export type HeartbeatCommand =
  | { readonly type: 'watch'; readonly run: string; readonly fence: number }
  | { readonly type: 'unwatch'; readonly run: string; readonly fence: number }
  | { readonly type: 'close' }

/** From the thread. */
export type HeartbeatReport =
  | { readonly type: 'lost'; readonly run: string; readonly fence: number }
  | { readonly type: 'cancel'; readonly run: string; readonly fence: number; readonly reason: string }

/**
 * The body of the heartbeat thread. It is text, so that it runs alike from TypeScript sources, from `dist` and
 * from a bundle; it uses nothing but Node and the engine. Unlike the main thread it may wait for a lock.
 */
export const heartbeatWorker = `'use strict'
const { parentPort, workerData } = require('node:worker_threads')
const { path, engine, library, interval, ttl, poll } = workerData

function open() {
  if (engine === 'libsql') {
    const database = new (require(library))(path)
    return { database, call: (statement, method, params) => statement[method](params) }
  }
  const emit = process.emitWarning
  process.emitWarning = () => {}
  const { DatabaseSync } = process.getBuiltinModule('node:sqlite')
  process.emitWarning = emit
  return { database: new DatabaseSync(path), call: (statement, method, params) => statement[method](...params) }
}

const { database, call } = open()
database.exec('pragma busy_timeout=1000')
database.exec('pragma synchronous=normal')
database.exec('pragma wal_autocheckpoint=0')
const look = database.prepare('select fence, owner, cancel_requested from leases where run = ?')
const beat = database.prepare(
  'update leases set heartbeat_at = ?, expires_at = ? where run = ? and fence = ? and owner is not null')

const watched = new Map()
function tick() {
  const now = Date.now()
  for (const [run, lease] of watched) {
    const row = call(look, 'get', [run])
    if (row === undefined || row.fence !== lease.fence || row.owner === null) {
      watched.delete(run)
      parentPort.postMessage({ type: 'lost', run, fence: lease.fence })
      continue
    }
    if (row.cancel_requested !== null && !lease.cancelled) {
      lease.cancelled = true
      parentPort.postMessage({ type: 'cancel', run, fence: lease.fence, reason: row.cancel_requested })
    }
    if (now - lease.beatAt >= interval) {
      call(beat, 'run', [now, now + ttl, run, lease.fence])
      lease.beatAt = now
    }
  }
}
const timer = setInterval(() => {
  // A lock or a full disk: the next tick tries again.
  try { tick() } catch {}
}, poll)

parentPort.on('message', (command) => {
  if (command.type === 'watch') watched.set(command.run, { fence: command.fence, beatAt: Date.now(), cancelled: false })
  else if (command.type === 'unwatch') {
    if (watched.get(command.run)?.fence === command.fence) watched.delete(command.run)
  } else {
    clearInterval(timer)
    database.close()
    parentPort.close()
  }
})
`
