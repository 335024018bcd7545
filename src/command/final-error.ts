/** Errors of commands that another try cannot cure, by their identity. */
const final = new WeakSet<object>()

/** Marks an error as one that another try cannot cure. */
export function asFinal<E extends Error>(error: E): E {
  final.add(error)
  return error
}

/** Whether an error has been marked as one that another try cannot cure. */
export function isFinal(error: unknown): boolean {
  return typeof error === 'object' && error !== null && final.has(error)
}
