const live = new Set<string>()

/**
 * Notes that an effect begins; gives the function that notes its end, or undefined where it still goes on from
 * an earlier attempt. Kept for the process: a run that was cancelled or given up may be resumed at once, also by
 * another workspace, while its abandoned effect still runs.
 */
export function enterEffect(run: string, node: string): (() => void) | undefined {
  const key = `${run} ${node}`
  if (live.has(key)) return undefined
  live.add(key)
  return () => void live.delete(key)
}

/** Forgets the effects of a run: those of a process whose death is only played. */
export function forgetEffects(run: string): void {
  for (const key of live) if (key.startsWith(`${run} `)) live.delete(key)
}
