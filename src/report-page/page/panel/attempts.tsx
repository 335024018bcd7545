import type { VNode } from 'preact'
import { useState } from 'preact/hooks'
import { durationText, numberText } from '../../../ui/text.ts'
import { shown } from '../../shown.ts'
import type { PageAttempt, PageLog } from '../../page-data.ts'
import { usePage } from '../page-context.ts'
import { ErrorBox } from '../parts/error-box.tsx'
import { Pairs } from '../parts/pairs.tsx'

const levels = ['debug', 'info', 'warn', 'error']

/** The lines of a log, from a least level on. */
export function LogLines({ log }: { readonly log: PageLog }): VNode {
  const [least, setLeast] = useState(0)
  const lines = log.lines.filter(([, level]) => Math.max(0, levels.indexOf(level)) >= least)
  if (log.lines.length === 0) return <p class="muted">No messages.</p>
  return (
    <>
      {log.lines.length > 8 && (
        <label class="field">
          Least level
          <select value={least} onChange={(event) => setLeast(Number(event.currentTarget.value))}>
            {levels.map((level, index) => (
              <option key={level} value={index}>
                {level}
              </option>
            ))}
          </select>
        </label>
      )}
      {log.omitted > 0 && <p class="muted">{log.omitted} earlier lines are left out.</p>}
      <ol class="log" tabIndex={0} aria-label="Log lines">
        {lines.map(([at, level, message, fields], index) => (
          <li key={index} class={`level-${levels.includes(level) ? level : 'info'}`}>
            {at >= 0 && <span class="at">{durationText(at)}</span>} <span class="level">{level}</span>{' '}
            <span class="message">{message}</span>
            {fields !== undefined && <code class="fields"> {fields}</code>}
          </li>
        ))}
      </ol>
    </>
  )
}

/** What a try had reported before it ended without a result. */
function Reported({ attempt }: { readonly attempt: PageAttempt }): VNode | null {
  const { metrics = {}, params = {} } = attempt
  const pairs = [
    ...Object.entries(metrics).map(([name, { last, count }]) => {
      const points = count === 1 ? '' : `, the last of ${count} points`
      return [shown(name), `${numberText(last ?? Number.NaN)}${points}`] as const
    }),
    ...Object.entries(params).map(
      ([name, value]) => [shown(name), shown(JSON.stringify(value), 200)] as const,
    ),
  ]
  if (pairs.length === 0) return null
  return (
    <>
      <p class="muted">It had reported:</p>
      <Pairs pairs={pairs} />
    </>
  )
}

function AttemptPart({
  attempt,
  isOnly,
}: {
  readonly attempt: PageAttempt
  readonly isOnly: boolean
}): VNode {
  const { data } = usePage()
  const { number, how, start, end, error, repaired, log, used } = attempt
  return (
    <div class="attempt">
      {(!isOnly || error !== undefined || used !== undefined) && (
        <h4>
          Attempt {number}: {how}
          {end !== undefined && <span class="muted"> after {durationText(end - start)}</span>}
        </h4>
      )}
      {used !== undefined && <p class="muted">It ran {used}.</p>}
      {repaired !== undefined && <p>It {repaired}.</p>}
      {error !== undefined && <ErrorBox error={error} />}
      <Reported attempt={attempt} />
      {log === undefined ? (
        <p class="muted">
          {how === 'running'
            ? 'Its log is here when it is over; pipewright logs -f follows it.'
            : 'Nothing was logged.'}
        </p>
      ) : (
        data.logs[log] !== undefined && <LogLines log={data.logs[log]} />
      )}
    </div>
  )
}

/** The tries of a node with what each has logged. */
export function Attempts({ attempts }: { readonly attempts: readonly PageAttempt[] }): VNode {
  return (
    <>
      {attempts.map((attempt) => (
        <AttemptPart key={attempt.number} attempt={attempt} isOnly={attempts.length === 1} />
      ))}
    </>
  )
}
