import type { VNode } from 'preact'
import { useState } from 'preact/hooks'
import type { Chart } from '../../../artifact/chart.ts'
import { shown } from '../../shown.ts'
import { Table } from '../parts/table.tsx'
import { calibrationPicture } from './calibration.tsx'
import { confusionPicture } from './confusion-matrix.tsx'
import { curvePicture } from './curve.tsx'
import { importancePicture } from './feature-importance.tsx'
import type { Picture } from './picture.ts'
import { residualsPicture } from './residuals.tsx'

function pictureOf(data: Chart, title: string | undefined): Picture {
  switch (data.chart) {
    case 'roc':
    case 'precision-recall':
      return curvePicture(data, title)
    case 'calibration':
      return calibrationPicture(data, title)
    case 'confusion-matrix':
      return confusionPicture(data, title)
    case 'residuals':
      return residualsPicture(data, title)
    case 'feature-importance':
      return importancePicture(data, title)
  }
}

/** A chart with its title, its figures, and a table of its data on demand. */
export function ChartFigure({
  data,
  title,
}: {
  readonly data: Chart
  readonly title: string | undefined
}): VNode {
  const [isOpen, setOpen] = useState(false)
  const picture = pictureOf(data, title === undefined ? undefined : shown(title))
  return (
    <figure class="chart">
      <figcaption>
        <strong>{picture.title}</strong> <span class="muted">{picture.facts}</span>
      </figcaption>
      {picture.drawing}
      <button type="button" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
        {isOpen ? 'Hide data' : 'Show data'}
        <span class="hidden"> of {picture.title}</span>
      </button>
      {isOpen && (
        <div class="data">
          <Table
            caption={`Data of ${picture.title}`}
            head={picture.head}
            rows={picture.rows}
            numeric={picture.head.map((_, index) => index).slice(data.chart === 'feature-importance' ? 1 : 0)}
          />
        </div>
      )}
    </figure>
  )
}
