import type { FeatureImportanceChart } from '../artifact/chart.ts'
import type { ChartBlock } from '../artifact/report-block.ts'
import { refuse } from './pairs.ts'

/** How much a feature counts. */
export interface FeatureImportance {
  readonly name: string
  /** In any unit, the same for all; negative ones are drawn to the left. */
  readonly importance: number
  /** The standard deviation over repetitions or trees. */
  readonly deviation?: number
}

/**
 * How much each feature counts, the largest first, as a block of a report.
 *
 * Takes a record of numbers or a list with deviations; whatever measure it is (coefficients, gain, permutation), its
 * numbers are drawn as they are, ordered by absolute value. `most` (default 30) features are kept, the others counted.
 * Pure. Throws `INPUT_INVALID` for no features, one that is named twice, numbers that are not finite, or
 * a negative deviation.
 *
 * @example
 * ```ts
 * ctx.report({ blocks: [featureImportance({ radius: 0.41, texture: 0.12 })] })
 * ```
 */
export function featureImportance(
  features: Readonly<Record<string, number>> | readonly FeatureImportance[],
  options: { readonly most?: number } = {},
): ChartBlock<FeatureImportanceChart> {
  const name = 'featureImportance'
  const { most = 30 } = options
  const list: readonly FeatureImportance[] = Array.isArray(features)
    ? (features as readonly FeatureImportance[])
    : Object.entries(features as Readonly<Record<string, number>>).map(([feature, importance]) => ({
        name: feature,
        importance,
      }))
  if (!Number.isInteger(most) || most < 1)
    refuse(name, `most is ${String(most)}`, 'give a whole number, at least 1')
  if (list.length === 0) refuse(name, 'there are no features', 'give at least one')
  const names = new Set<unknown>()
  for (const { name: feature, importance, deviation } of list) {
    if (typeof feature !== 'string')
      refuse(name, `a feature has the name ${String(feature)}`, 'name it by a text')
    if (names.has(feature)) refuse(name, `there are two features '${feature}'`, 'name each feature once')
    names.add(feature)
    if (!Number.isFinite(importance) || (deviation !== undefined && !Number.isFinite(deviation)))
      refuse(name, `the importance of '${feature}' is not a finite number`, 'leave the feature out')
    if (deviation !== undefined && deviation < 0)
      refuse(
        name,
        `the deviation of '${feature}' is ${deviation}`,
        'a standard deviation is never negative: see how it was computed',
      )
  }
  const sorted = list.toSorted((a, b) => Math.abs(b.importance) - Math.abs(a.importance))
  const kept = sorted.slice(0, most).map(({ name: feature, importance, deviation }) => ({
    name: feature,
    importance,
    ...(deviation === undefined ? {} : { deviation }),
  }))
  return {
    type: 'chart',
    data: { chart: 'feature-importance', features: kept, omitted: sorted.length - kept.length },
  }
}
