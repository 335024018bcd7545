/** How often something is tried while a failing case is made shorter. */
const mostTries = 2_000

/**
 * Makes lists of choices shorter, and their numbers 0, as long as the case that they make still fails: parts are left
 * out, from halves down to single ones.
 */
export async function shortened<Lists extends Readonly<Record<string, readonly number[]>>>(
  lists: Lists,
  fails: (lists: Lists) => Promise<boolean>,
): Promise<Lists> {
  let best = lists
  let tries = 0
  const isBetter = async (name: string, list: readonly number[]): Promise<boolean> => {
    const candidate = { ...best, [name]: list }
    if (tries++ >= mostTries || !(await fails(candidate))) return false
    best = candidate
    return true
  }
  for (const name of Object.keys(lists)) {
    for (let size = Math.ceil(best[name]!.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2))
      for (let at = 0; at < best[name]!.length;) {
        const list = best[name]!
        if (!(await isBetter(name, [...list.slice(0, at), ...list.slice(at + size)]))) at += size
      }
    for (let at = 0; at < best[name]!.length; at++)
      if (best[name]![at] !== 0) await isBetter(name, best[name]!.with(at, 0))
  }
  return best
}
