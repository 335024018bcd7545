/** The longest time that the platform's timers take; a longer one would fire at once. */
const longest = 2 ** 31 - 1

/** Calls a function after a time in milliseconds, however long; gives the function that prevents it. */
export function after(ms: number, call: () => void): () => void {
  let timer: NodeJS.Timeout
  const arm = (left: number): void => {
    timer = setTimeout(() => (left > longest ? arm(left - longest) : call()), Math.min(left, longest))
  }
  arm(ms)
  return () => clearTimeout(timer)
}
