type Members = Readonly<Record<string, (value: unknown) => boolean>>

const isNumber = (value: unknown): boolean => typeof value === 'number' && Number.isFinite(value)
const isNumberOrNull = (value: unknown): boolean => value === null || isNumber(value)
const isText = (value: unknown): boolean => typeof value === 'string'
const isListOf =
  (isItem: (value: unknown) => boolean) =>
  (value: unknown): boolean =>
    Array.isArray(value) && value.every(isItem)
/** No chart can be drawn of nothing. */
const isFilledListOf =
  (isItem: (value: unknown) => boolean) =>
  (value: unknown): boolean =>
    Array.isArray(value) && value.length > 0 && value.every(isItem)
const isPoint =
  (...members: readonly ((value: unknown) => boolean)[]) =>
  (value: unknown): boolean =>
    Array.isArray(value) &&
    value.length === members.length &&
    members.every((isMember, index) => isMember(value[index]))
const isRecord =
  (members: Members) =>
  (value: unknown): boolean =>
    typeof value === 'object' &&
    value !== null &&
    Object.entries(members).every(([name, isMember]) => isMember((value as Record<string, unknown>)[name]))

const curve: Members = {
  positives: isNumber,
  negatives: isNumber,
  points: isFilledListOf(isPoint(isNumber, isNumber, isNumberOrNull)),
}

const charts: Readonly<Record<string, Members>> = {
  'confusion-matrix': {
    labels: isFilledListOf(isText),
    counts: isListOf(isListOf(isNumber)),
    accuracy: isNumber,
  },
  roc: { auc: isNumber, ...curve },
  'precision-recall': { averagePrecision: isNumber, ...curve },
  calibration: {
    expectedError: isNumber,
    brier: isNumber,
    bins: isFilledListOf(
      isRecord({ from: isNumber, to: isNumber, count: isNumber, predicted: isNumber, observed: isNumber }),
    ),
  },
  residuals: {
    count: isNumber,
    mean: isNumber,
    rmse: isNumber,
    mae: isNumber,
    r2: isNumberOrNull,
    points: isFilledListOf(isPoint(isNumber, isNumber)),
  },
  'feature-importance': {
    features: isFilledListOf(
      isRecord({
        name: isText,
        importance: isNumber,
        deviation: (value) => value === undefined || isNumber(value),
      }),
    ),
    omitted: isNumber,
  },
}

/** What is wrong with the data of a chart, or undefined. */
export function chartProblem(data: unknown): string | undefined {
  if (typeof data !== 'object' || data === null)
    return 'needs data: what a function of pipewright/charts returns'
  const record = data as Readonly<Record<string, unknown>>
  const members =
    typeof record.chart === 'string' && Object.hasOwn(charts, record.chart) ? charts[record.chart] : undefined
  if (members === undefined)
    return `has the chart ${JSON.stringify(record.chart) ?? 'undefined'}; known: ${Object.keys(charts).join(', ')}`
  const wrong = Object.entries(members).find(([name, isMember]) => !isMember(record[name]))
  if (wrong !== undefined) return `needs ${wrong[0]} as ${String(record.chart)} charts have them`
  if (record.chart !== 'confusion-matrix') return undefined
  const size = (record.labels as readonly string[]).length
  const counts = record.counts as readonly (readonly number[])[]
  return counts.length === size && counts.every((row) => row.length === size)
    ? undefined
    : `needs counts of ${size} x ${size}, as it has ${size} labels`
}
