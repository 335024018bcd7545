interface Point {
  x: number
  y: number
}

const size = 320
const margin = 40

/** A curve over the unit square as an SVG picture, with the diagonal for comparison. */
export function unitChart(
  title: string,
  xLabel: string,
  yLabel: string,
  points: readonly Point[],
  dots = false,
): string {
  const x = (value: number): number => margin + value * (size - margin - 10)
  const y = (value: number): number => size - margin - value * (size - margin - 30)
  const path = points
    .map((p, i) => `${i === 0 ? 'M' : 'L'}${x(p.x).toFixed(1)} ${y(p.y).toFixed(1)}`)
    .join(' ')
  const ticks = [0, 0.5, 1]
    .map(
      (t) =>
        `<text x="${x(t)}" y="${size - margin + 14}" text-anchor="middle">${t}</text>` +
        `<text x="${margin - 6}" y="${y(t) + 4}" text-anchor="end">${t}</text>`,
    )
    .join('')
  const circles = dots
    ? points.map((p) => `<circle cx="${x(p.x)}" cy="${y(p.y)}" r="3" fill="#2563eb"/>`).join('')
    : ''
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${size}" height="${size}" viewBox="0 0 ${size} ${size}" font-family="sans-serif" font-size="11">
<rect width="${size}" height="${size}" fill="white"/>
<text x="${size / 2}" y="18" text-anchor="middle" font-size="13">${title}</text>
<rect x="${x(0)}" y="${y(1)}" width="${x(1) - x(0)}" height="${y(0) - y(1)}" fill="none" stroke="#999"/>
<path d="M${x(0)} ${y(0)} L${x(1)} ${y(1)}" stroke="#bbb" stroke-dasharray="4 4"/>
<path d="${path}" fill="none" stroke="#2563eb" stroke-width="2"/>${circles}
${ticks}
<text x="${(x(0) + x(1)) / 2}" y="${size - 8}" text-anchor="middle">${xLabel}</text>
<text x="12" y="${(y(0) + y(1)) / 2}" text-anchor="middle" transform="rotate(-90 12 ${(y(0) + y(1)) / 2})">${yLabel}</text>
</svg>`
}
