import type { VNode } from 'preact'
import type { countsOf } from '../counts.ts'
import { StateIcon, stateClass } from '../parts/state-mark.tsx'

/** The states of all steps as one bar. */
export function StateBar({ counts }: { readonly counts: ReturnType<typeof countsOf> }): VNode {
  return (
    <div class="state-bar-box">
      <div class="state-bar" aria-hidden="true">
        {counts.map(([state, count]) => (
          <span key={state} class={stateClass(state)} style={{ flexGrow: count }} />
        ))}
      </div>
      <ul class="legend">
        {counts.map(([state, count]) => (
          <li key={state}>
            <StateIcon state={state} /> {count.toLocaleString('en')} {state}
          </li>
        ))}
      </ul>
    </div>
  )
}
