import { syncBuiltinESMExports } from 'node:module'
import { extendChild } from '../child/extension.ts'
import type { Runner, RunnerTask } from '../runner.ts'
import { startRecording, stopRecording } from './recorder.ts'
import { wrapClock, wrapRandom } from './wrap-clock.ts'
import { wrapEnvironment } from './wrap-environment.ts'
import { wrapFiles } from './wrap-files.ts'
import { wrapNetwork, wrapProcesses } from './wrap-network.ts'

/** Records from the start of the function on; the attempt's end ends it, as streams may be read until then. */
function recorded(inner: Runner): Runner {
  return {
    name: 'recorded',
    run(task: RunnerTask) {
      startRecording({ env: new Set(task.step.options.env), workdir: task.context.workdir })
      return inner.run(task)
    },
  }
}

// Lines are told as they were written, wherever a loader or a compiler has left a map.
process.setSourceMapsEnabled(true)
wrapFiles()
wrapNetwork()
wrapProcesses()
wrapClock()
wrapRandom()
wrapEnvironment()
// Modules that are loaded from here on, and names imported before, see what was wrapped.
syncBuiltinESMExports()
extendChild({ runner: recorded, ended: stopRecording })
