/**
 * A run as one HTML page that needs no network.
 *
 * @example
 * ```ts
 * import { renderReport, writeReport } from 'pipewright/report'
 * ```
 * @module pipewright/report
 */
export { renderReport, writeReport } from './report.ts'
export type { ReportOptions } from './collect.ts'
