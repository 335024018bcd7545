/**
 * Charts for the reports of steps: each is computed from plain lists, and drawn where the report is shown.
 *
 * @example
 * ```ts
 * import { confusionMatrix, rocCurve } from 'pipewright/charts'
 * ```
 * @module pipewright/charts
 */
export { calibration, type CalibrationOptions } from './calibration.ts'
export { confusionMatrix, type ClassLabel } from './confusion-matrix.ts'
export { featureImportance, type FeatureImportance } from './feature-importance.ts'
export { prCurve } from './pr-curve.ts'
export type { BinaryLabel } from './ranked.ts'
export { residuals } from './residuals.ts'
export { rocCurve } from './roc-curve.ts'
export type {
  CalibrationBin,
  CalibrationChart,
  Chart,
  ConfusionMatrixChart,
  FeatureImportanceChart,
  PrChart,
  ResidualsChart,
  RocChart,
} from '../artifact/chart.ts'
export type { ChartBlock } from '../artifact/report-block.ts'
