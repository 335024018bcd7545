// The work of each step: a line in the log of bodies that ran, and a small JSON value.
import { appendFileSync } from 'node:fs'

export function ran(name) {
  appendFileSync(process.env.PEERS_LOG, `${name}\n`)
}

export function body(state) {
  const name = `s${state.value + 1}`
  ran(name)
  if (process.env.PEERS_FAIL === name) throw new Error(`${name} was told to fail`)
  return { value: state.value + 1 }
}

export function join(states) {
  const total = states.reduce((sum, state) => sum + state.value, 0)
  ran(`join ${total}`)
  return { value: total }
}
