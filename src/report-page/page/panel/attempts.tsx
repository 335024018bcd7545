import type { VNode } from 'preact'
import { useState } from 'preact/hooks'
import { durationText } from '../../../ui/text.ts'
import type { PageAttempt, PageLog } from '../../page-data.ts'
import { usePage } from '../page-context.ts'
import { ErrorBox } from '../parts/error-box.tsx'

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

/** The tries of a node with what each has logged. */
export function Attempts({ attempts }: { readonly attempts: readonly PageAttempt[] }): VNode {
  const { data } = usePage()
  return (
    <>
      {attempts.map(({ number, how, start, end, error, repaired, log }) => (
        <div key={number} class="attempt">
          {(attempts.length > 1 || error !== undefined) && (
            <h4>
              Attempt {number}: {how}
              {end !== undefined && <span class="muted"> after {durationText(end - start)}</span>}
            </h4>
          )}
          {repaired !== undefined && <p>It {repaired}.</p>}
          {error !== undefined && <ErrorBox error={error} />}
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
      ))}
    </>
  )
}
