/** How long what is left will take, in milliseconds; undefined while too little is done to tell. */
export function remaining(elapsed: number, share: number): number | undefined {
  if (share < 0.02 || share >= 1 || elapsed < 1_000) return undefined
  return (elapsed * (1 - share)) / share
}

/** A length of time as people guess it: `4 s`, `2 min`, `1 h 10 min`. */
export function roughly(ms: number): string {
  const seconds = Math.max(1, Math.round(ms / 1_000))
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.round(seconds / 60)
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}
