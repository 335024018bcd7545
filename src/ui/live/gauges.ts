const levels = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█']

/** Numbers as a line of blocks, the last ones where there are more than cells; NaN and infinities are dots. */
export function sparkline(values: readonly number[], cells: number): string {
  const shown = values.slice(-cells)
  const finite = shown.filter((value) => Number.isFinite(value))
  const low = Math.min(...finite)
  const range = Math.max(...finite) - low
  return shown
    .map((value) => {
      if (!Number.isFinite(value)) return '·'
      // All alike: a line in the middle.
      const height = range === 0 ? 3 : Math.round(((value - low) / range) * (levels.length - 1))
      return levels[height]!
    })
    .join('')
}

/** A share from 0 to 1 as a bar of so many cells. */
export function bar(share: number, cells: number): string {
  const full = Math.round(Math.min(1, Math.max(0, share)) * cells)
  return '█'.repeat(full) + '░'.repeat(cells - full)
}

/** Keeps a series short: beyond so many points every second one goes, the last one stays. */
export function thinned(values: number[], most: number): number[] {
  if (values.length <= most) return values
  return values.filter((_, index) => (values.length - 1 - index) % 2 === 0)
}
