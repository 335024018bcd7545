import { descriptorChannel } from '../execute/child/channel.ts'
import { serve } from '../execute/child/serve.ts'
import { openChildHost } from './child-host.ts'

// What a child process runs: attempts that its parent sends on descriptor 3. With the process ends all that it has started.
const channel = descriptorChannel()
serve(
  channel,
  (boot) => openChildHost(boot, channel),
  (code, isAlone) => {
    // Its parent would have ended its group.
    if (isAlone) process.kill(-process.pid, 'SIGKILL')
    process.exit(code)
  },
)
