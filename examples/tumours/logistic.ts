import { definePredictor } from 'pipewright'
import { z } from 'zod'
import { Features, vectorOf } from './rows.ts'

/** A trained logistic regression on standardised features. */
export interface Logistic {
  weights: number[]
  bias: number
  means: number[]
  deviations: number[]
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x))

function dot(a: readonly number[], b: readonly number[]): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}

function standardise(
  vector: readonly number[],
  means: readonly number[],
  deviations: readonly number[],
): number[] {
  return vector.map((value, i) => (value - means[i]!) / deviations[i]!)
}

/** How a logistic regression is fitted. */
export interface FitOptions {
  /** Strength of the L2 penalty. */
  l2: number
  epochs: number
  rate: number
  onEpoch?: (epoch: number, loss: number) => void
}

/** Fits a logistic regression by gradient descent with momentum on the penalised log loss. */
export function fitLogistic(
  vectors: readonly number[][],
  labels: readonly number[],
  options: FitOptions,
): Logistic {
  const width = vectors[0]!.length
  const count = vectors.length
  const means = Array.from({ length: width }, (_, i) => vectors.reduce((sum, v) => sum + v[i]!, 0) / count)
  const deviations = means.map(
    (mean, i) => Math.sqrt(vectors.reduce((sum, v) => sum + (v[i]! - mean) ** 2, 0) / count) || 1,
  )
  const rows = vectors.map((vector) => standardise(vector, means, deviations))
  const weights = Array.from({ length: width }, () => 0)
  const speed = Array.from({ length: width }, () => 0)
  let bias = 0
  for (let epoch = 0; epoch < options.epochs; epoch++) {
    const gradient = weights.map((weight) => options.l2 * weight)
    let biasGradient = 0
    let loss = (options.l2 / 2) * dot(weights, weights)
    for (const [r, row] of rows.entries()) {
      const p = sigmoid(dot(weights, row) + bias)
      const error = (p - labels[r]!) / count
      for (let i = 0; i < width; i++) gradient[i]! += error * row[i]!
      biasGradient += error
      loss -= Math.log(Math.max(labels[r] === 1 ? p : 1 - p, 1e-15)) / count
    }
    for (let i = 0; i < width; i++) {
      speed[i] = 0.9 * speed[i]! - options.rate * gradient[i]!
      weights[i]! += speed[i]!
    }
    bias -= options.rate * biasGradient
    options.onEpoch?.(epoch, loss)
  }
  return { weights, bias, means, deviations }
}

/** Scores a tumour: the probability that it is malignant. */
export const tumourClassifier = definePredictor({
  name: 'tumour-classifier',
  state: z.object({
    weights: z.array(z.number()),
    bias: z.number(),
    means: z.array(z.number()),
    deviations: z.array(z.number()),
  }),
  input: Features,
  output: z.object({ malignant: z.number().min(0).max(1) }),
  predict: ({ weights, bias, means, deviations }, features) => ({
    malignant: sigmoid(dot(weights, standardise(vectorOf(features), means, deviations)) + bias),
  }),
})
