/** How often each class was predicted as each: `counts[actual][predicted]`, by the order of `labels`. */
export interface ConfusionMatrixChart {
  readonly chart: 'confusion-matrix'
  readonly labels: readonly string[]
  readonly counts: readonly (readonly number[])[]
  /** The share of rows on the diagonal, 0 to 1. */
  readonly accuracy: number
}

/** A ROC curve: points of [false positive rate, true positive rate, threshold], null for no threshold. */
export interface RocChart {
  readonly chart: 'roc'
  readonly auc: number
  readonly positives: number
  readonly negatives: number
  readonly points: readonly (readonly [number, number, number | null])[]
}

/** A precision-recall curve: points of [recall, precision, threshold], null for no threshold. */
export interface PrChart {
  readonly chart: 'precision-recall'
  readonly averagePrecision: number
  readonly positives: number
  readonly negatives: number
  readonly points: readonly (readonly [number, number, number | null])[]
}

/** Rows whose score is in one interval. */
export interface CalibrationBin {
  readonly from: number
  readonly to: number
  readonly count: number
  /** The mean score. */
  readonly predicted: number
  /** The share of positives. */
  readonly observed: number
}

/** Predicted against observed share of positives. Bins without rows are left out. */
export interface CalibrationChart {
  readonly chart: 'calibration'
  /** The gap between predicted and observed, weighted by rows. */
  readonly expectedError: number
  /** The mean squared difference of score and outcome. */
  readonly brier: number
  readonly bins: readonly CalibrationBin[]
}

/** Residuals (actual minus predicted) against predictions: points of [predicted, residual]. */
export interface ResidualsChart {
  readonly chart: 'residuals'
  readonly count: number
  readonly mean: number
  readonly rmse: number
  readonly mae: number
  /** The coefficient of determination; null where all actual values are equal. */
  readonly r2: number | null
  readonly points: readonly (readonly [number, number])[]
}

/** How much each feature counts, the most important first. */
export interface FeatureImportanceChart {
  readonly chart: 'feature-importance'
  readonly features: readonly {
    readonly name: string
    readonly importance: number
    /** The standard deviation, where it was given. */
    readonly deviation?: number
  }[]
  /** Features that were left out, for they count less. */
  readonly omitted: number
}

/** The data of a chart; it is drawn where it is shown. */
export type Chart =
  | ConfusionMatrixChart
  | RocChart
  | PrChart
  | CalibrationChart
  | ResidualsChart
  | FeatureImportanceChart
