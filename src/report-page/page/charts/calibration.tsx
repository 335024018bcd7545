import { line } from 'd3-shape'
import type { CalibrationBin, CalibrationChart } from '../../../artifact/chart.ts'
import type { Picture } from './picture.ts'
import { Plot } from './plot.tsx'

/** Predicted against observed share of positives; circles grow with the rows of their bin. */
export function calibrationPicture(data: CalibrationChart, given: string | undefined): Picture {
  const { bins, expectedError, brier } = data
  const title = given ?? 'Calibration'
  const facts = `expected calibration error ${expectedError.toFixed(4)} · Brier score ${brier.toFixed(4)}`
  const most = Math.max(...bins.map(({ count }) => count))
  return {
    title,
    facts,
    head: ['from', 'to', 'rows', 'mean score', 'share of positives'],
    rows: bins.map(({ from, to, count, predicted, observed }) => [
      from.toFixed(2),
      to.toFixed(2),
      String(count),
      predicted.toFixed(4),
      observed.toFixed(4),
    ]),
    drawing: (
      <Plot
        title={title}
        description={`${facts}. ${bins.length} bins; the dashed line is perfect calibration.`}
        x={{ label: 'mean predicted probability', domain: [0, 1] }}
        y={{ label: 'share of positives', domain: [0, 1] }}
      >
        {(x, y) => (
          <>
            <path class="reference" d={`M${x(0)} ${y(0)}L${x(1)} ${y(1)}`} />
            <path
              class="curve"
              d={
                line<CalibrationBin>()
                  .x(({ predicted }) => x(predicted))
                  .y(({ observed }) => y(observed))(bins) ?? ''
              }
            />
            {bins.map(({ from, predicted, observed, count }) => (
              <circle
                key={from}
                class="dot"
                cx={x(predicted)}
                cy={y(observed)}
                r={3 + 6 * Math.sqrt(count / most)}
              >
                <title>{`${count} rows: predicted ${predicted.toFixed(3)}, observed ${observed.toFixed(3)}`}</title>
              </circle>
            ))}
          </>
        )}
      </Plot>
    ),
  }
}
