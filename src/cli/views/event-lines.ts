import type { RunUpdate } from '../../execute/run-request.ts'
import { placeOf } from '../../lineage/unfinished.ts'
import { durationText, printable } from '../../ui/text.ts'
import { placeText } from '../../ui/unfinished-text.ts'
import { mismatchText } from '../../ui/verification-text.ts'

const labelWidth = 10

function line(label: string, text: string): string {
  return printable(`${label.padEnd(labelWidth)} ${text}`)
}

function firstLine(text: string): string {
  return text.split('\n')[0]!
}

/** What is worth a line that stays, also beside a live tree: warnings, errors, differences. */
export function lastingLines({ event }: RunUpdate, everyLog: boolean): string[] {
  switch (event.type) {
    case 'attempt.log':
      return everyLog || event.level === 'warn' || event.level === 'error'
        ? [line(event.level, `${event.node}: ${event.message}`)]
        : []
    case 'node.verified':
      return event.differences.map((one) =>
        line('differs', mismatchText({ node: event.node, step: event.step, ...one })),
      )
    default:
      return []
  }
}

/** What happens, in plain lines: one for each node that comes to an end, and what is worth knowing before. */
export class EventLines {
  readonly #everyLog: boolean

  constructor(everyLog: boolean) {
    this.#everyLog = everyLog
  }

  of(update: RunUpdate): string[] {
    const { at, event } = update
    switch (event.type) {
      case 'attempt.started':
        return event.attempt > 1 ? [line('retry', `${event.node} (attempt ${event.attempt})`)] : []
      case 'attempt.failed': {
        if (event.retryIn === undefined) return []
        const when = `(next try in ${durationText(event.retryIn)})`
        return [line(event.end, `${event.node}: ${firstLine(event.error.message)} ${when}`)]
      }
      case 'node.succeeded': {
        if (event.step === null) return []
        if (event.reused !== undefined) return [line('reused', event.node)]
        return [line('done', `${event.node}  ${durationText(at - event.startedAt)}`)]
      }
      case 'node.failed': {
        const failed = line('failed', `${event.node}: ${firstLine(event.error.message)}`)
        const place = event.step === null ? undefined : placeOf(event.error)
        return place === undefined ? [failed] : [failed, line('', placeText(place))]
      }
      case 'wait.opened':
        return [
          line(
            'waits',
            `${event.node}${event.on === 'time' ? '' : ` for ${event.on === 'signal' ? 'a signal' : 'a decision'}`}${event.until === null ? '' : ` until ${new Date(event.until).toISOString()}`}`,
          ),
        ]
      case 'approval.decided':
        return [line(event.approved ? 'approved' : 'rejected', `${event.node} by ${event.by}`)]
      case 'post.refused':
        return [line('refused', `${event.node}: ${firstLine(event.reason)}`)]
      case 'node.undone':
        return [line(event.error === undefined ? 'undone' : 'not undone', event.node)]
      case 'node.blocked':
      case 'node.skipped':
      case 'node.cancelled':
        return [line(event.type.slice(5), event.node)]
      default:
        return lastingLines(update, this.#everyLog)
    }
  }
}
