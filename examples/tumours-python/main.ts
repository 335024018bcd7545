import { fileURLToPath } from 'node:url'
import { openWorkspace, renderRun, renderWhy } from 'pipewright'
import { tumoursPython } from './pipeline.ts'

const csv = fileURLToPath(new URL('../data/breast-cancer.csv', import.meta.url))
const root = fileURLToPath(new URL('.', import.meta.url))

const pw = await openWorkspace({ root })
try {
  console.log(`workspace: ${pw.root}\n`)
  for (const title of ['First run', 'Second run: what has not changed is reused, in both languages']) {
    const { outputs, run } = await pw.run(tumoursPython, { csv })
    const shown = await pw.show(run.id)
    console.log(`${title}\n${renderRun(shown, await pw.planOf(run.id))}\n`)
    if (outputs.auc < 0.98) throw new Error(`the held-out AUC is ${outputs.auc}, expected at least 0.98`)
    if (title === 'First run') continue
    const executed = shown.executions.filter(({ reused }) => reused === null).map(({ node }) => node)
    if (executed.length > 0) throw new Error(`executed again: ${executed.join(', ')}`)
    const { auc, accuracy } = outputs.metrics
    console.log(`Held-out rows: AUC ${auc.toFixed(4)}, accuracy ${accuracy.toFixed(4)}\n`)
    console.log(`Where the model comes from\n${renderWhy(await pw.why(outputs.model.digest))}`)
  }
} finally {
  await pw.close()
}
