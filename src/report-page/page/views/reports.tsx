import type { VNode } from 'preact'
import { useState } from 'preact/hooks'
import { usePage } from '../page-context.ts'
import { Preview } from '../panel/preview.tsx'
import { ReportBlocks } from '../panel/report-blocks.tsx'

/** The reports that steps have made. */
export function ReportsView(): VNode {
  const { data } = usePage()
  const reports = data.artifacts.filter(({ kind }) => kind === 'report')
  const [number, setNumber] = useState(0)
  const report = reports[number] ?? reports[0]!
  const nameOf = (at: number): string => {
    const { from, preview } = reports[at]!
    return preview.type === 'report' && preview.title !== undefined ? `${preview.title} (${from})` : from
  }
  return (
    <>
      <h2>Reports</h2>
      {reports.length > 1 && (
        <div class="controls">
          <label class="field">
            Report
            <select value={number} onChange={(event) => setNumber(Number(event.currentTarget.value))}>
              {reports.map((_, at) => (
                <option key={at} value={at}>
                  {nameOf(at)}
                </option>
              ))}
            </select>
          </label>
        </div>
      )}
      <h3>{(report.preview.type === 'report' ? report.preview.title : undefined) ?? 'Report'}</h3>
      <p class="muted">{report.from}</p>
      {report.preview.type === 'report' ? (
        <ReportBlocks blocks={report.preview.blocks} key={number} />
      ) : (
        <Preview preview={report.preview} key={number} />
      )}
    </>
  )
}
