import type { PageCurve } from '../../page-data.ts'

/** What is said of points that no curve can show: a loss that became NaN must not look as if it went on. */
export function notFiniteText(curves: readonly Pick<PageCurve, 'notFinite'>[]): string | undefined {
  const found = curves.flatMap(({ notFinite }) => (notFinite === undefined ? [] : [notFinite]))
  if (found.length === 0) return undefined
  const count = found.reduce((sum, one) => sum + one.count, 0)
  const first = Math.min(...found.map(({ step }) => step))
  return `${count.toLocaleString('en')} NaN or infinite ${count === 1 ? 'value is' : 'values are'} not drawn, the first at step ${first}`
}
