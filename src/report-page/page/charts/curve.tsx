import { curveLinear, curveStepBefore, line } from 'd3-shape'
import type { PrChart, RocChart } from '../../../artifact/chart.ts'
import { numberText } from '../../../ui/text.ts'
import type { Picture } from './picture.ts'
import { Plot } from './plot.tsx'

function share(value: number): string {
  return value.toFixed(4)
}

/** A ROC or a precision-recall curve. */
export function curvePicture(data: RocChart | PrChart, given: string | undefined): Picture {
  const isRoc = data.chart === 'roc'
  const title = given ?? (isRoc ? 'ROC curve' : 'Precision and recall')
  const figure = isRoc ? `AUC ${share(data.auc)}` : `average precision ${share(data.averagePrecision)}`
  const rows = data.positives + data.negatives
  const chance = isRoc ? undefined : data.positives / rows
  const facts = `${figure} · ${data.positives.toLocaleString('en')} of ${rows.toLocaleString('en')} rows positive`
  const [xName, yName] = isRoc ? ['false positive rate', 'true positive rate'] : ['recall', 'precision']
  return {
    title,
    facts,
    head: [xName, yName, 'threshold'],
    rows: data.points.map(([x, y, threshold]) => [
      share(x),
      share(y),
      threshold === null ? 'none' : numberText(threshold),
    ]),
    drawing: (
      <Plot
        title={title}
        description={`${facts}. The dashed line is chance, ${isRoc ? 'the area the AUC' : 'the area under the steps the average precision'}.`}
        x={{ label: xName, domain: [0, 1] }}
        y={{ label: yName, domain: [0, 1] }}
      >
        {(x, y) => {
          const steps = line<readonly [number, number, number | null]>()
            .x((point) => x(point[0]))
            .y((point) => y(point[1]))
            // Between two thresholds precision is not interpolated: the area under the steps is the average precision.
            .curve(isRoc ? curveLinear : curveStepBefore)(data.points)
          const from = chance ?? 0
          return (
            <>
              <path class="reference" d={`M${x(0)} ${y(from)}L${x(1)} ${y(chance ?? 1)}`} />
              <path class="area" d={`${steps ?? ''}L${x(1)} ${y(0)}L${x(0)} ${y(0)}Z`} />
              <path class="curve" d={steps ?? ''} />
            </>
          )
        }}
      </Plot>
    ),
  }
}
