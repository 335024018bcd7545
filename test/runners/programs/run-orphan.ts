import { openWorkspace } from 'pipewright'
import { hanging } from './orphan.ts'

const [root = '', pids = ''] = process.argv.slice(2)
const pw = await openWorkspace({ root })
await pw.run(hanging, { pids })
