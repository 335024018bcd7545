import { join } from 'node:path'
import { openWorkspace } from 'pipewright'
import { openSqliteMetadata } from '../../../src/record/sqlite/store.ts'
import { noting } from './pipelines.ts'

// Drives a workspace with a tick each second, and tells what it does. `dies` says where this process ends: when it has
// taken a tick, or when it has started its run and not said so yet.
const [, , root, dies] = process.argv as [string, string, string, ('taken' | 'started')?]

const metadata = await openSqliteMetadata(join(root, 'metadata.sqlite'))
const die = (): never => {
  process.kill(process.pid, 'SIGKILL')
  throw new Error('dead')
}
const takeFiring = metadata.takeFiring.bind(metadata)
const settleFiring = metadata.settleFiring.bind(metadata)
if (dies === 'taken')
  metadata.takeFiring = async (...given) => {
    const taken = await takeFiring(...given)
    return taken.verdict === 'start' ? die() : taken
  }
if (dies === 'started')
  metadata.settleFiring = (number, end) => (end.state === 'started' ? die() : settleFiring(number, end))

const pw = await openWorkspace({ root, metadata })
await pw.schedule(noting, {
  name: 'seconds',
  cron: '* * * * * *',
  inputs: { label: 'tick' },
  overlap: 'queue',
  catchUp: 'all',
})
const stop = new AbortController()
process.once('SIGTERM', () => stop.abort())
await pw.drive({
  signal: stop.signal,
  interval: 100,
  onEvent: (event) => process.stdout.write(`${JSON.stringify(event)}\n`),
})
await pw.close()
