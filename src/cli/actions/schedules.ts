import { tableText } from '../../ui/table-text.ts'
import { printable } from '../../ui/text.ts'
import type { FiredRecord, StoredSchedule } from '../../workspace/drive/stored-schedule.ts'
import { print, printJson, printNext } from '../output.ts'
import { openScheduled } from '../project.ts'
import type { ViewOptions } from '../views/open-view.ts'
import { drive } from './drive.ts'
import { firedDocument, firedRows, whenText } from './fired.ts'

/** What commands on schedules and triggers are given. */
export interface Named {
  readonly json?: boolean
}

function document(schedule: StoredSchedule, fired: readonly FiredRecord[]): object {
  const { name, pipeline, cron, timezone, overlap, catchUp, inputs, paused, declaredBy } = schedule
  const next = paused ? [] : schedule.next()
  return {
    name,
    pipeline,
    cron,
    timezone,
    overlap,
    catchUp,
    inputs,
    paused,
    declaredBy,
    next: next[0]?.toISOString() ?? null,
    last: fired[0] === undefined ? null : firedDocument(fired[0]),
  }
}

/** `pipewright schedules list`. */
export async function listSchedules({ json = false }: Named): Promise<void> {
  await using pw = await openScheduled()
  const schedules = await pw.schedules()
  const lasts = await Promise.all(schedules.map((each) => each.fired(1)))
  if (json) return printJson({ schedules: schedules.map((each, at) => document(each, lasts[at]!)) })
  if (schedules.length === 0) {
    print(`no schedules in ${printable(pw.root)}`)
    return printNext('schedules: [schedule(…)] in pipewright.config.ts')
  }
  const rows = schedules.map((each, at) => {
    const [last] = lasts[at]!
    return [
      printable(each.name),
      printable(each.pipeline),
      each.cron,
      each.timezone,
      each.paused ? 'paused' : whenText(each.next()[0], each.timezone),
      last === undefined ? '' : `${last.state} ${last.run ?? ''}`.trim(),
    ]
  })
  print(
    tableText(['schedule', 'pipeline', 'cron', 'time zone', 'next', 'last'], rows, {
      columns: process.stdout.columns,
    }),
  )
  await printNext('pipewright up', 'pipewright schedules show <schedule>')
}

/** `pipewright schedules show`. */
export async function showSchedule(
  name: string,
  { next: count = 5, json = false }: Named & { readonly next?: number },
): Promise<void> {
  await using pw = await openScheduled()
  const schedule = await pw.scheduleNamed(name)
  const fired = await schedule.fired()
  const next = schedule.next(count)
  if (json) {
    const all = { next: next.map((time) => time.toISOString()), fired: fired.map(firedDocument) }
    const { last: _last, ...rest } = document(schedule, fired) as { last: unknown }
    return printJson({ ...rest, ...all })
  }
  const { cron, timezone, pipeline, overlap, catchUp, inputs, paused } = schedule
  print(`${printable(name)}: ${printable(pipeline)} at '${cron}' (${timezone})${paused ? ', paused' : ''}`)
  print(
    `overlap: ${overlap} · catch up: ${typeof catchUp === 'object' ? `the last ${catchUp.all}` : catchUp}`,
  )
  print(`inputs: ${inputs === null ? 'made by a function' : printable(JSON.stringify(inputs))}`, '')
  print(...next.map((time) => `next  ${whenText(time, timezone)}`), '')
  print(...firedRows(fired, timezone))
  await printNext(
    paused ? `pipewright schedules resume ${name}` : 'pipewright up',
    `pipewright schedules run ${name}`,
  )
}

/** `pipewright schedules pause`, `resume` and `remove`. */
export async function changeSchedule(
  change: 'pause' | 'resume' | 'remove',
  name: string,
  { json = false }: Named,
): Promise<void> {
  await using pw = await openScheduled()
  const schedule = await pw.scheduleNamed(name)
  await schedule[change]()
  if (json) {
    if (change === 'remove') return printJson({ name, removed: true })
    const now = await pw.scheduleNamed(name)
    return printJson(document(now, await now.fired(1)))
  }
  const { timezone, declaredBy } = schedule
  switch (change) {
    case 'pause':
      print(`schedule ${printable(name)} is paused`)
      return printNext(`pipewright schedules resume ${name}`)
    case 'resume':
      print(`schedule ${printable(name)} goes on: next ${whenText(schedule.next()[0], timezone)}`)
      return printNext('pipewright up')
    case 'remove':
      print(`schedule ${printable(name)} is removed; its runs stay`)
      return printNext(
        declaredBy === 'settings'
          ? 'take it out of pipewright.config.ts too: it comes back with the next `up`'
          : 'pipewright schedules',
      )
  }
}

/** `pipewright schedules run`. */
export async function runSchedule(name: string, options: ViewOptions): Promise<void> {
  await using pw = await openScheduled()
  const schedule = await pw.scheduleNamed(name)
  await drive(pw, schedule.pipeline, options, async (hooks) => {
    const handle = await schedule.run(hooks)
    return { id: handle.id, result: () => handle.result() }
  })
}
