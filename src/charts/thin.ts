/** A curve keeps at most so many points: more than a picture can show. */
export const mostPoints = 500

/** Evenly spread members of a list, with the first and the last. */
export function thin<T>(points: readonly T[], most = mostPoints): readonly T[] {
  if (points.length <= most) return points
  return Array.from({ length: most }, (_, at) => points[Math.round((at * (points.length - 1)) / (most - 1))]!)
}

/** A curve without the points that lie on the straight line between their neighbours. */
export function withoutCollinear<P extends readonly [number, number, ...unknown[]]>(
  points: readonly P[],
): readonly P[] {
  const kept: P[] = []
  for (const point of points) {
    const [first, second] = [kept.at(-2), kept.at(-1)]
    if (first !== undefined && second !== undefined) {
      const turn =
        (second[0] - first[0]) * (point[1] - second[1]) - (second[1] - first[1]) * (point[0] - second[0])
      if (Math.abs(turn) < 1e-15) kept.pop()
    }
    kept.push(point)
  }
  return kept
}
