import { record, recording } from './recorder.ts'
import { wrapAll } from './wrap.ts'

function note(name: string | symbol): void {
  if (typeof name === 'string' && recording()?.env.has(name) === false)
    record('environment', () => `process.env.${name}`)
}

/** Watches what a process is started with: its environment and its folder. */
export function wrapEnvironment(): void {
  const { env } = process
  process.env = new Proxy(env, {
    get(target, name) {
      note(name)
      return Reflect.get(target, name) as unknown
    },
    has(target, name) {
      note(name)
      return Reflect.has(target, name)
    },
    getOwnPropertyDescriptor(target, name) {
      note(name)
      return Reflect.getOwnPropertyDescriptor(target, name)
    },
    ownKeys(target) {
      record('environment', () => 'process.env, all of it')
      return Reflect.ownKeys(target)
    },
    // The environment takes texts only, and no receiver but itself.
    set(target, name, value: string) {
      return Reflect.set(target, name, value)
    },
  })
  wrapAll(process, ['cwd'], { kind: 'environment', of: 'process' })
}
