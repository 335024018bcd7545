import { descriptorChannel } from '../execute/child/channel.ts'
import { serve } from '../execute/child/serve.ts'
import { openChildHost } from './child-host.ts'

// What a child process runs: attempts that its parent sends on descriptor 3. With the process ends all that it has started.
const channel = descriptorChannel()
serve(
  channel,
  (boot) => openChildHost(boot, channel),
  (code) => process.exit(code),
)
