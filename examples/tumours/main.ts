import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openWorkspace, renderRun, renderWhy } from 'pipewright'
import { writeReport } from 'pipewright/report'
import { tumours } from './pipeline.ts'

const csv = fileURLToPath(new URL('../data/breast-cancer.csv', import.meta.url))
const root = fileURLToPath(new URL('.', import.meta.url))

const pw = await openWorkspace({ root })
let before: string | undefined
try {
  console.log(`workspace: ${pw.root}\n`)
  for (const title of ['First run', 'Second run: what has not changed is reused']) {
    const { outputs, run } = await pw.run(tumours, { csv })
    console.log(`${title}\n${renderRun(await pw.show(run.id), await pw.planOf(run.id))}\n`)
    if (outputs.auc < 0.99) throw new Error(`the held-out AUC is ${outputs.auc}, expected at least 0.99`)
    if (title === 'First run') {
      before = run.id
      continue
    }
    const { auc, accuracy, calibration } = outputs.metrics
    console.log(
      `Held-out rows: AUC ${auc.toFixed(4)}, accuracy ${accuracy.toFixed(4)}, calibration error ${calibration.toFixed(4)}`,
    )
    if (outputs.model?.digest === undefined) throw new Error('no model was deployed')
    console.log(`Deployed: tumours@${outputs.version} at ${outputs.endpoint}\n`)
    console.log(`Where the deployed model comes from\n${renderWhy(await pw.why(outputs.model.digest))}\n`)
    const compared = before === undefined ? {} : { compareWith: before }
    const report = await writeReport(pw, run.id, join(root, '.pipewright', 'report.html'), compared)
    console.log(`Report, to be opened in a browser: ${report}`)
  }
} finally {
  await pw.close()
}
