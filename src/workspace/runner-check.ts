import { byteSize } from '../internal/byte-size.ts'
import { milliseconds } from '../internal/duration.ts'
import { PipewrightError } from '../internal/error.ts'
import { didYouMean } from '../internal/nearest.ts'
import { runnerNames } from '../define/step.ts'
import type { RunnerSettings } from '../execute/runner-settings.ts'

const fields = ['default', 'rules', 'thread', 'process']
const kept = ['recycleAfter', 'idle', 'most']

/** Refuses settings of runners that a compiler would have refused, with the field. */
export function checkRunners(where: string, given: RunnerSettings | undefined): void {
  if (given === undefined) return
  const refuse = (field: string, what: string, fix: string): never => {
    throw new PipewrightError('CONFIG_INVALID', `${where}: runners${field} ${what}`, {
      fix,
      details: { field: `runners${field}` },
    })
  }
  if (typeof given !== 'object' || given === null)
    refuse('', 'is not an object', "give { default: 'thread' }")
  const known = (object: object, names: readonly string[], place: string): void => {
    for (const name of Object.keys(object))
      if (!names.includes(name)) refuse(`${place}.${name}`, 'is not a setting', didYouMean(name, names))
  }
  const runner = (value: unknown, place: string): void => {
    if (!runnerNames.includes(value as never))
      refuse(
        place,
        `is ${JSON.stringify(value)}`,
        `give one of ${runnerNames.map((name) => `'${name}'`).join(', ')}`,
      )
  }
  known(given, fields, '')
  if (given.default !== undefined) runner(given.default, '.default')
  const { rules = [] } = given
  if (!Array.isArray(rules))
    refuse('.rules', 'is not a list', "give [{ resources: { memory: '2GiB' }, runner: 'process' }]")
  for (const [at, rule] of rules.entries()) {
    const place = `.rules[${at}]`
    known(rule, ['resources', 'runner'], place)
    runner(rule.runner, `${place}.runner`)
    if (typeof rule.resources !== 'object' || rule.resources === null)
      refuse(`${place}.resources`, 'is not an object', "give { memory: '2GiB' }")
    for (const [name, least] of Object.entries(rule.resources)) {
      if (name === 'memory') byteSize(least, `${where}: runners${place}.resources.memory`)
      else if (typeof least !== 'number' || !(least >= 0))
        refuse(`${place}.resources.${name}`, `is ${String(least)}`, 'give a number')
    }
  }
  for (const kind of ['thread', 'process'] as const) {
    const settings = given[kind]
    if (settings === undefined) continue
    known(settings, kind === 'process' ? [...kept, 'env', 'memory'] : kept, `.${kind}`)
    for (const name of ['recycleAfter', 'most'] as const) {
      const count = settings[name]
      if (count !== undefined && !(Number.isInteger(count) && count >= (name === 'most' ? 0 : 1)))
        refuse(`.${kind}.${name}`, `is ${String(count)}`, 'give a count')
    }
    if (settings.idle !== undefined) milliseconds(settings.idle, `${where}: runners.${kind}.idle`)
  }
  const { env, memory } = given.process ?? {}
  if (
    env !== undefined &&
    env !== 'all' &&
    !(Array.isArray(env) && env.every((name) => typeof name === 'string'))
  )
    refuse('.process.env', 'is not a list of names', "give ['AWS_PROFILE'], or 'all'")
  if (memory !== undefined) byteSize(memory, `${where}: runners.process.memory`)
}
