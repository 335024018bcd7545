import type { Command } from 'commander'
import type { Named } from '../actions/schedules.ts'
import { count, withJson, withProgress } from './options.ts'
import type { ViewOptions } from '../views/open-view.ts'

const scheduleText = 'name of a schedule'
const triggerText = 'name of a trigger'

/** `pipewright schedules`. */
export function registerSchedules(program: Command): void {
  const schedules = program.command('schedules').description('list, pause, resume, remove and run schedules')
  withJson(
    schedules.command('list', { isDefault: true }).description('all, with their next and their last time'),
  ).action(async (options: Named) => (await import('../actions/schedules.ts')).listSchedules(options))
  withJson(
    schedules
      .command('show')
      .argument('<schedule>', scheduleText)
      .option('-n, --next <n>', 'how many of the next times; default 5', count)
      .description('its next times, and what it has fired'),
  ).action(async (name: string, options: Named & { readonly next?: number }) =>
    (await import('../actions/schedules.ts')).showSchedule(name, options),
  )
  const changes = [
    ['pause', 'fire nothing until it is resumed'],
    ['resume', 'go on from now; ticks of the time between are not made up for'],
    ['remove', 'forget it, with what it has fired; its runs stay'],
  ] as const
  for (const [change, description] of changes) {
    withJson(schedules.command(change).argument('<schedule>', scheduleText).description(description)).action(
      async (name: string, options: Named) =>
        (await import('../actions/schedules.ts')).changeSchedule(change, name, options),
    )
  }
  withJson(
    withProgress(
      schedules
        .command('run')
        .argument('<schedule>', scheduleText)
        .description('run it now with its inputs, whatever goes on'),
    ),
    'events as lines of JSON (schemas/events.json)',
  ).action(async (name: string, options: ViewOptions) =>
    (await import('../actions/schedules.ts')).runSchedule(name, options),
  )
}

/** `pipewright triggers`. */
export function registerTriggers(program: Command): void {
  const triggers = program.command('triggers').description('list, pause, resume and remove triggers')
  withJson(triggers.command('list', { isDefault: true }).description('all, with what they wait for')).action(
    async (options: Named) => (await import('../actions/triggers.ts')).listTriggers(options),
  )
  withJson(
    triggers.command('show').argument('<trigger>', triggerText).description('what it has fired'),
  ).action(async (name: string, options: Named) =>
    (await import('../actions/triggers.ts')).showTrigger(name, options),
  )
  const changes = [
    ['pause', 'look at nothing until it is resumed'],
    ['resume', 'go on where it was'],
    ['remove', 'forget it, with what it has fired; its runs stay'],
  ] as const
  for (const [change, description] of changes) {
    withJson(triggers.command(change).argument('<trigger>', triggerText).description(description)).action(
      async (name: string, options: Named) =>
        (await import('../actions/triggers.ts')).changeTrigger(change, name, options),
    )
  }
}
