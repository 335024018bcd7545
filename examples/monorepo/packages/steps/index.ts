export { anomalies } from './anomalies.ts'
export { smooth } from './smooth.ts'
