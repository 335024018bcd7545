import { openWorkspace } from 'pipewright'
import { churn } from './churn.ts'

// Runs the pipeline, or goes on with its latest run; prints what was executed.
const pw = await openWorkspace()
try {
  const [latest] = (await pw.runs({ limit: 1 })).items
  const { outputs, run } =
    process.argv[2] === 'resume'
      ? await pw.resume(latest!.id, churn)
      : await pw.run(churn, { csv: 'customers.csv' })
  const { executions } = await pw.show(run.id)
  const steps = executions.filter(({ step }) => step !== null)
  const executed = steps.filter(({ reused }) => reused === null).map(({ node }) => node)
  const { sharedObjects } = process.report.getReport() as unknown as { sharedObjects: readonly string[] }
  const engine = sharedObjects.some((path) => path.includes('libsql')) ? 'libsql' : 'node:sqlite'
  console.log(JSON.stringify({ best: outputs.best, executed: executed.toSorted(), engine }))
} finally {
  await pw.close()
}
