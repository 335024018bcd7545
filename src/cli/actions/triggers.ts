import { tableText } from '../../ui/table-text.ts'
import { printable } from '../../ui/text.ts'
import type { FiredRecord, StoredTrigger } from '../../workspace/drive/stored-schedule.ts'
import type { TriggerSource } from '../../schedule/trigger.ts'
import { print, printJson, printNext } from '../output.ts'
import { openScheduled } from '../project.ts'
import { firedDocument, firedRows } from './fired.ts'
import type { Named } from './schedules.ts'

function sourceText(on: TriggerSource): string {
  if ('files' in on) return `files in ${on.files}${on.suffix === undefined ? '' : ` (*${on.suffix})`}`
  if ('run' in on) return `${on.run} ${on.state ?? 'succeeded'}`
  if ('artifact' in on) return `new ${on.artifact.output} of ${on.artifact.pipeline}`
  if ('model' in on) return `new version of model ${on.model}`
  return `calls signed with $${on.call.secret}`
}

function document(trigger: StoredTrigger, fired: readonly FiredRecord[]): object {
  const { name, pipeline, on, inputs, paused, declaredBy } = trigger
  const last = fired[0] === undefined ? null : firedDocument(fired[0])
  return { name, pipeline, on, inputs, paused, declaredBy, last }
}

/** `pipewright triggers list`. */
export async function listTriggers({ json = false }: Named): Promise<void> {
  await using pw = await openScheduled()
  const triggers = await pw.triggers()
  const lasts = await Promise.all(triggers.map((each) => each.fired(1)))
  if (json) return printJson({ triggers: triggers.map((each, at) => document(each, lasts[at]!)) })
  if (triggers.length === 0) {
    print(`no triggers in ${printable(pw.root)}`)
    return printNext('triggers: [trigger(…)] in pipewright.config.ts')
  }
  const rows = triggers.map((each, at) => {
    const [last] = lasts[at]!
    return [
      printable(each.name),
      printable(each.pipeline),
      printable(sourceText(each.on)),
      each.paused ? 'paused' : '',
      last === undefined ? '' : `${last.state} ${last.run ?? ''}`.trim(),
    ]
  })
  print(tableText(['trigger', 'pipeline', 'on', '', 'last'], rows, { columns: process.stdout.columns }))
  await printNext('pipewright up', 'pipewright triggers show <trigger>')
}

/** `pipewright triggers show`. */
export async function showTrigger(name: string, { json = false }: Named): Promise<void> {
  await using pw = await openScheduled()
  const trigger = await pw.triggerNamed(name)
  const fired = await trigger.fired()
  if (json) {
    const { last: _last, ...rest } = document(trigger, fired) as { last: unknown }
    return printJson({ ...rest, fired: fired.map(firedDocument) })
  }
  const { pipeline, on, inputs, paused } = trigger
  print(
    `${printable(name)}: ${printable(pipeline)} on ${printable(sourceText(on))}${paused ? ', paused' : ''}`,
    `inputs: ${inputs === null ? 'made by a function' : printable(JSON.stringify(inputs))}`,
    '',
    ...firedRows(fired, 'UTC'),
  )
  await printNext(paused ? `pipewright triggers resume ${name}` : 'pipewright up')
}

/** `pipewright triggers pause`, `resume` and `remove`. */
export async function changeTrigger(
  change: 'pause' | 'resume' | 'remove',
  name: string,
  { json = false }: Named,
): Promise<void> {
  await using pw = await openScheduled()
  const trigger = await pw.triggerNamed(name)
  await trigger[change]()
  if (json) {
    if (change === 'remove') return printJson({ name, removed: true })
    const now = await pw.triggerNamed(name)
    return printJson(document(now, await now.fired(1)))
  }
  const done = { pause: 'is paused', resume: 'goes on', remove: 'is removed; its runs stay' }[change]
  print(`trigger ${printable(name)} ${done}`)
  await printNext(
    change === 'pause'
      ? `pipewright triggers resume ${name}`
      : change === 'resume'
        ? 'pipewright up'
        : trigger.declaredBy === 'settings'
          ? 'take it out of pipewright.config.ts too: it comes back with the next `up`'
          : 'pipewright triggers',
  )
}
