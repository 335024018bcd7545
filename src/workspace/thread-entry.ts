import { parentPort } from 'node:worker_threads'
import { portChannel } from '../execute/child/channel.ts'
import { serve } from '../execute/child/serve.ts'
import { openChildHost } from './child-host.ts'

// What a thread runs: attempts that its parent sends.
const channel = portChannel(parentPort!)
serve(
  channel,
  (boot) => openChildHost(boot, channel),
  (code) => process.exit(code),
)
