export { renderReport, writeReport } from './report.ts'
export type { ReportOptions } from './collect.ts'
