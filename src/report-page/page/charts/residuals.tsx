import type { ResidualsChart } from '../../../artifact/chart.ts'
import { numberText } from '../../../ui/text.ts'
import type { Picture } from './picture.ts'
import { Plot } from './plot.tsx'

/** Residuals against predictions. */
export function residualsPicture(data: ResidualsChart, given: string | undefined): Picture {
  const { points, rmse, mae, r2, mean, count } = data
  const title = given ?? 'Residuals'
  const facts = [
    `RMSE ${numberText(rmse)}`,
    `MAE ${numberText(mae)}`,
    `R² ${r2 === null ? 'not defined' : numberText(r2)}`,
    `mean ${numberText(mean)}`,
    `${count.toLocaleString('en')} rows${points.length < count ? `, ${points.length.toLocaleString('en')} of them drawn` : ''}`,
  ].join(' · ')
  const xs = points.map(([x]) => x)
  const furthest = Math.max(...points.map(([, y]) => Math.abs(y))) || 1
  return {
    title,
    facts,
    head: ['predicted', 'residual'],
    rows: points.map((point) => point.map(numberText)),
    drawing: (
      <Plot
        title={title}
        description={facts}
        x={{ label: 'predicted', domain: [Math.min(...xs), Math.max(...xs)], nice: true }}
        y={{ label: 'actual − predicted', domain: [-furthest, furthest], nice: true }}
      >
        {(x, y) => (
          <>
            <path class="reference" d={`M${x.range()[0]!} ${y(0)}H${x.range()[1]!}`} />
            {points.map(([predicted, residual], index) => (
              <circle key={index} class="point" cx={x(predicted)} cy={y(residual)} r={2.6} />
            ))}
          </>
        )}
      </Plot>
    ),
  }
}
