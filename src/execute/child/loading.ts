import { PipewrightError } from '../../internal/error.ts'

// Of the whole process: a project may have a copy of this package of its own.
const flag = Symbol.for('pipewright.loading-in-child')
const shared = globalThis as { [flag]?: number }

/** Loads a module for the steps in it: what it does beside must not start runs. */
export async function loadingInChild<T>(load: () => Promise<T>): Promise<T> {
  shared[flag] = (shared[flag] ?? 0) + 1
  try {
    return await load()
  } finally {
    shared[flag]--
  }
}

/** Throws `RUN_IN_WORKER` where a module is being loaded for the steps in it. */
export function refuseInChild(): void {
  if ((shared[flag] ?? 0) === 0) return
  throw new PipewrightError(
    'RUN_IN_WORKER',
    'a run was started while a thread or process loaded the module for its steps',
    { fix: 'move the run out of the module that defines the pipeline' },
  )
}
