const watched = new WeakMap<AbortSignal, Set<() => void>>()

/**
 * Calls a function when a signal is aborted; gives the function that prevents it. However many wait for one signal,
 * it has one listener: the platform looks through all of them whenever one is added.
 */
export function onAbort(signal: AbortSignal, call: () => void): () => void {
  let calls = watched.get(signal)
  if (calls === undefined) {
    const all = new Set<() => void>()
    calls = all
    watched.set(signal, all)
    signal.addEventListener(
      'abort',
      () => {
        for (const each of all) each()
        all.clear()
      },
      { once: true },
    )
  }
  const own = (): void => call()
  calls.add(own)
  return () => void calls.delete(own)
}

/** What a promise gives, or `aborted` when the signal comes first. */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T | 'aborted'> {
  if (signal.aborted) {
    promise.catch(() => undefined)
    return Promise.resolve('aborted')
  }
  return new Promise((resolve, reject) => {
    const stop = onAbort(signal, () => resolve('aborted'))
    promise.then(
      (value) => {
        stop()
        resolve(value)
      },
      (error: unknown) => {
        stop()
        reject(error as Error)
      },
    )
  })
}

/** Waits so many milliseconds, or until the signal is aborted. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      stop()
      resolve()
    }
    const stop = onAbort(signal, done)
    const timer = setTimeout(done, ms)
  })
}
