import { z } from 'zod'

const measures = [
  'radius',
  'texture',
  'perimeter',
  'area',
  'smoothness',
  'compactness',
  'concavity',
  'concave_points',
  'symmetry',
  'fractal_dimension',
] as const

const statistics = ['mean', 'error', 'worst'] as const

type FeatureName = `${(typeof measures)[number]}_${(typeof statistics)[number]}`

/** The names of the 30 features, in the order of the table. */
export const featureNames = statistics.flatMap((statistic) =>
  measures.map((measure): FeatureName => `${measure}_${statistic}`),
)

const features = Object.fromEntries(featureNames.map((name) => [name, z.number().nonnegative()])) as Record<
  FeatureName,
  z.ZodNumber
>

/** What a model scores. */
export const Features = z.object(features)

/** A row of the table. */
export const Tumour = Features.extend({ diagnosis: z.enum(['malignant', 'benign']) })

export type Features = z.infer<typeof Features>
export type Tumour = z.infer<typeof Tumour>

/** The features of a row as numbers, in the order of {@link featureNames}. */
export function vectorOf(row: Features): number[] {
  return featureNames.map((name) => row[name])
}

/** 1 for a malignant tumour, 0 for a benign one. */
export function labelOf(row: Tumour): 0 | 1 {
  return row.diagnosis === 'malignant' ? 1 : 0
}
