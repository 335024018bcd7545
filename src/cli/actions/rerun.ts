import { printable } from '../../ui/text.ts'
import type { RerunOptions } from '../../workspace/rerun.ts'
import { givenInputs } from '../inputs/given-inputs.ts'
import { openExisting } from '../project.ts'
import { drive } from './drive.ts'
import { runOptionsOf, type RunArguments } from './run-arguments.ts'

/** What `pipewright rerun` is given. */
export interface RerunArguments
  extends
    Pick<
      RunArguments,
      'tag' | 'concurrency' | 'failure' | 'timeout' | 'input' | 'inputs' | 'json' | 'progress' | 'logs'
    >,
    Pick<RerunOptions, 'from' | 'only' | 'failed'> {}

/** `pipewright rerun`. */
export async function rerunCommand(
  run: string,
  { from, only, failed, ...options }: RerunArguments,
): Promise<void> {
  await using pw = await openExisting()
  const { id } = await pw.show(run)
  const pipeline = await pw.pipelineOf(id)
  const inputs = await givenInputs(pipeline, options)
  const repeated = {
    ...runOptionsOf(options),
    ...(from === undefined ? {} : { from }),
    ...(only === undefined ? {} : { only }),
    ...(failed === undefined ? {} : { failed }),
    inputs,
  }
  if (options.json !== true)
    process.stderr.write(
      `workspace ${printable(pw.root)} · pipeline ${printable(pipeline.name)} · repeating a part of ${id}\n`,
    )
  await drive(pw, pipeline.name, options, async (hooks) => {
    const handle = await pw.rerun(id, pipeline, { ...repeated, ...hooks } as never)
    return { id: handle.id, result: () => handle.result() }
  })
}
