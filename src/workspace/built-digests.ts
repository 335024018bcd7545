import { realpathSync } from 'node:fs'
import { PipewrightError } from '../internal/error.ts'
import { moduleGraph } from '../code/module-graph.ts'
import { builtFiles, recordedPlace, type RecordedDigests } from '../code/recorded-digests.ts'
import type { Program } from '../execute/run-request.ts'

/** The digests for a built module, where they belong, and the steps that have none, with the reason. */
export interface BuiltDigests {
  readonly file: string
  readonly content: RecordedDigests
  readonly without: Readonly<Record<string, string>>
}

/**
 * The digests of a program for a module that was built of it. What a step reads from the process (a config that its
 * module has read) is not known when it is built: such a step has none. Throws `CONFIG_INVALID`.
 */
export async function digestsOf(program: Program, built: string): Promise<BuiltDigests> {
  let module: string
  try {
    module = realpathSync(built)
  } catch (cause) {
    throw new PipewrightError('CONFIG_INVALID', `there is no built module ${built}`, {
      fix: 'build it first, then name it: pipewright digests <pipeline> --built dist/main.js',
      cause,
    })
  }
  const graph = await moduleGraph(module)
  const [gap] = graph.gaps
  if (gap !== undefined)
    throw new PipewrightError(
      'CONFIG_INVALID',
      `${built} loads what cannot be told: line ${gap.line}: ${gap.reason}`,
      {
        fix: 'let the bundler write imports whose modules are literals',
      },
    )
  const steps: Record<string, RecordedDigests['steps'][string]> = {}
  const without: Record<string, string> = {}
  for (const [key, code] of program.code) {
    const { name } = program.steps.get(key)!
    if (!code.cacheable) without[name] = code.reason
    else if (Object.keys(code.values).length > 0)
      without[name] = `it reads what only a process knows: ${Object.keys(code.values).join(', ')}`
    else if (Object.hasOwn(steps, name)) without[name] = 'another step has its name'
    else steps[name] = { digest: code.digest, packages: code.packages }
  }
  for (const name of Object.keys(without)) Reflect.deleteProperty(steps, name)
  return {
    file: recordedPlace(module),
    content: { format: 1, files: builtFiles(graph, module), steps },
    without,
  }
}
