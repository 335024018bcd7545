import crypto from 'node:crypto'
import { performance } from 'node:perf_hooks'
import { record, unrecorded } from './recorder.ts'
import { wrapAll } from './wrap.ts'

/** Watches what tells the time: `Date` where it is asked for now, the process's clocks. */
export function wrapClock(): void {
  const RealDate = Date
  const WatchedDate: DateConstructor = new Proxy(RealDate, {
    apply(target, self: unknown, args: unknown[]) {
      record('clock', () => 'Date()')
      return Reflect.apply(target, self, args)
    },
    construct(target, args: unknown[], newTarget: never) {
      if (args.length === 0) record('clock', () => 'new Date()')
      const made = newTarget === (WatchedDate as unknown) ? target : newTarget
      return Reflect.construct(target, args, made) as object
    },
  })
  wrapAll(RealDate, ['now'], { kind: 'clock', of: 'Date' })
  RealDate.prototype.constructor = WatchedDate
  globalThis.Date = WatchedDate
  wrapAll(performance, ['now'], { kind: 'clock', of: 'performance' })
  wrapAll(process, ['hrtime', 'uptime'], { kind: 'clock', of: 'process' })
}

/** Watches what is drawn at random. */
export function wrapRandom(): void {
  wrapAll(Math, ['random'], { kind: 'random', of: 'Math' })
  const drawn = Object.keys(crypto).filter((name) =>
    /^(?:random|getRandomValues|pseudoRandomBytes|generateKey)/.test(name),
  )
  wrapAll(crypto, drawn, { kind: 'random', of: 'crypto' })
  // A global of its own, made when it is first read.
  const web = unrecorded(() => crypto.webcrypto)
  wrapAll(web, ['getRandomValues', 'randomUUID'], { kind: 'random', of: 'crypto' })
}
