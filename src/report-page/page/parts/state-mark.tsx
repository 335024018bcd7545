import type { VNode } from 'preact'

/** What is drawn for each state, in a square of 16: shapes differ, not colours alone. */
export const statePaths: Readonly<Record<string, string>> = {
  succeeded: 'M3.5 8.5l3 3 6-7',
  reused: 'M12.5 8a4.5 4.5 0 1 1-1.6-3.4M11 2v3H8',
  failed: 'M4 4l8 8M12 4l-8 8',
  running: 'M4 8h.01M8 8h.01M12 8h.01',
  waiting: 'M5 3h6M5 13h6M6 3c0 3 4 7 4 10M10 3c0 3-4 7-4 10',
  interrupted: 'M8 3v6M8 12.5v.01',
  blocked: 'M4.2 4.2l7.6 7.6M13 8A5 5 0 1 1 3 8a5 5 0 0 1 10 0',
  skipped: 'M4 8h8',
  cancelled: 'M4.5 4.5h7v7h-7z',
  'not run': 'M12.5 8a4.5 4.5 0 1 1-9 0 4.5 4.5 0 0 1 9 0',
}

/** The name of a state in class names. */
export function stateClass(state: string): string {
  return `state-${state.replaceAll(/[^a-z]+/g, '-')}`
}

/** The sign of a state. */
export function StateIcon({ state }: { readonly state: string }): VNode {
  return (
    <svg class={`icon ${stateClass(state)}`} viewBox="0 0 16 16" aria-hidden="true">
      <path d={statePaths[state] ?? statePaths['not run']!} />
    </svg>
  )
}

/** A state: its sign and its name. */
export function StateMark({ state }: { readonly state: string }): VNode {
  return (
    <span class={`state ${stateClass(state)}`}>
      <StateIcon state={state} />
      <span class="state-name">{state}</span>
    </span>
  )
}
