import { openWorkspace } from 'pipewright'
import { churn } from './churn.ts'

// Runs the pipeline, in threads or processes where it is told so, or goes on with its latest run; prints what was executed.
const pw = await openWorkspace()
try {
  const [latest] = (await pw.runs({ limit: 1 })).items
  const mode = process.argv[2]
  const elsewhere =
    mode === 'thread' || mode === 'process' ? ({ runner: mode, cache: 'refresh' } as const) : {}
  const { outputs, run } =
    mode === 'resume'
      ? await pw.resume(latest!.id, churn)
      : await pw.run(churn, { csv: 'customers.csv' }, elsewhere)
  const { executions } = await pw.show(run.id)
  const steps = executions.filter(({ step }) => step !== null)
  const executed = steps.filter(({ reused }) => reused === null).map(({ node }) => node)
  const { sharedObjects } = process.report.getReport() as unknown as { sharedObjects: readonly string[] }
  const ran = new Set(steps.map(({ attempts }) => attempts.at(-1)?.usage?.runner ?? 'inline'))
  const engine = sharedObjects.some((path) => path.includes('libsql')) ? 'libsql' : 'node:sqlite'
  console.log(JSON.stringify({ best: outputs.best, executed: executed.toSorted(), engine, ran: [...ran] }))
} finally {
  await pw.close()
}
