import { statSync } from 'node:fs'
import { printable } from '../../ui/text.ts'
import { openWorkspace } from '../../workspace/open.ts'
import { givenInputs } from '../inputs/given-inputs.ts'
import { openExisting, openProject } from '../project.ts'
import { drive } from './drive.ts'
import { runOptionsOf, type RunArguments } from './run-arguments.ts'

/** `--refresh churn.ts` has taken the pipeline for a node: a file is none. */
function withPipeline(
  address: string | undefined,
  options: RunArguments,
): { readonly address: string | undefined; readonly options: RunArguments } {
  const last = options.refresh?.at(-1)
  const isFile =
    last !== undefined && statSync(last.split('#')[0]!, { throwIfNoEntry: false })?.isFile() === true
  if (address !== undefined || !isFile) return { address, options }
  return { address: last, options: { ...options, refresh: [...options.refresh!.slice(0, -1), '**'] } }
}

/** Apart: where `await using` is compiled, TypeScript leaves the extension of a dynamic import as it is. */
async function watch(...given: Parameters<typeof runCommand>): Promise<void> {
  return (await import('./watch.ts')).watchCommand(...given)
}

/** `pipewright run`. */
export async function runCommand(given: string | undefined, all: RunArguments): Promise<void> {
  const { address, options } = withPipeline(given, all)
  if (options.watch === true) return watch(address, options)
  if (options.like !== undefined) return runLike(options.like, address, options)
  const { pipeline } = await openProject(address)
  const inputs = await givenInputs(pipeline, options)
  const runOptions = runOptionsOf(options)
  await using pw = await openWorkspace()
  if (options.json !== true)
    process.stderr.write(`workspace ${printable(pw.root)} · pipeline ${printable(pipeline.name)}\n`)
  await drive(pw, pipeline.name, options, async (hooks) => {
    const handle = await pw.start(pipeline, inputs as never, { ...runOptions, ...hooks })
    return { id: handle.id, result: () => handle.result() }
  })
}

/** `pipewright run --like`. */
async function runLike(run: string, address: string | undefined, options: RunArguments): Promise<void> {
  await using pw = await openExisting()
  const { id } = await pw.show(run)
  const pipeline = address === undefined ? await pw.pipelineOf(id) : (await openProject(address)).pipeline
  const inputs = await givenInputs(pipeline, options)
  const runOptions = runOptionsOf(options)
  if (options.json !== true)
    process.stderr.write(
      `workspace ${printable(pw.root)} · pipeline ${printable(pipeline.name)} · like ${id}\n`,
    )
  await drive(pw, pipeline.name, options, async (hooks) => {
    const handle = await pw.clone(id, pipeline, { ...runOptions, inputs, ...hooks } as never)
    return { id: handle.id, result: () => handle.result() }
  })
}
