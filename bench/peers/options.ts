import { parseArgs } from 'node:util'
import { cases, type CaseName } from './cases/index.ts'
import type { Peer } from './peer.ts'
import { peers } from './peers.ts'

export interface Options {
  readonly peers: readonly Peer[]
  readonly cases: readonly CaseName[]
  /** Repetitions of what takes less than {@link slow} seconds. */
  readonly repeat: number
  /** Seconds that one measurement may take. */
  readonly limit: number
  /** Only write the page of the committed results anew. */
  readonly render: boolean
}

const usage = `npm run bench:peers -- [--only pipewright,flyte] [--case chain,truth] [--repeat 3] [--limit 180] [--render]`

/** Reads the command line; what is unknown in it ends the process with the names there are. */
export function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      case: { type: 'string' },
      repeat: { type: 'string', default: '3' },
      limit: { type: 'string', default: '180' },
      render: { type: 'boolean', default: false },
    },
  })
  const known = Object.keys(cases) as CaseName[]
  return {
    peers: pick(values.only, '--only', peers, ({ id }) => id),
    cases: pick(values.case, '--case', known, (name) => name),
    repeat: positive('--repeat', values.repeat),
    limit: positive('--limit', values.limit),
    render: values.render,
  }
}

function pick<T>(
  wanted: string | undefined,
  option: string,
  all: readonly T[],
  nameOf: (one: T) => string,
): readonly T[] {
  if (wanted === undefined) return all
  const names = wanted.split(',')
  const unknown = names.find((name) => !all.some((one) => nameOf(one) === name))
  if (unknown !== undefined) {
    throw new Error(`${option}: no '${unknown}'; there are ${all.map(nameOf).join(', ')}\n${usage}`)
  }
  return all.filter((one) => names.includes(nameOf(one)))
}

function positive(option: string, text: string): number {
  const value = Number(text)
  if (!(value > 0)) throw new Error(`${option}: '${text}' is no number above zero\n${usage}`)
  return value
}
