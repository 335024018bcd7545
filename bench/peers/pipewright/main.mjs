import { openWorkspace } from 'pipewright'
import { chain, fanOut } from './pipelines.mjs'

const [flow, mode] = process.argv.slice(2)
const items = Array.from({ length: Number(process.env.PEERS_SIZE) }, (_, value) => ({ value }))

const pw = await openWorkspace({ root: '.' })
try {
  if (flow === 'chain' && mode === 'resume') await pw.resume((await pw.runs({ limit: 1 })).items[0].id, chain)
  else if (flow === 'chain') await pw.run(chain, {})
  else if (flow === 'map') await pw.run(fanOut, { items })
} finally {
  await pw.close()
}
