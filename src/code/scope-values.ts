import type { Session } from 'node:inspector'
import { fileURLToPath } from 'node:url'

/** The variables of one scope that a function can see, by the names that the running code has for them. */
export interface FunctionScope {
  /** The scope of a module; else that of a function or a block around the function. */
  readonly isModule: boolean
  readonly values: Readonly<Record<string, unknown>>
}

/** What a function sees of the world, innermost scope first. */
export interface FunctionView {
  /** Which script it is of: one that is loaded twice is two. */
  readonly script: string
  /** The path of the script that was loaded; undefined where it has none. */
  readonly file: string | undefined
  /** Where in the script, from 0. */
  readonly line: number
  readonly column: number
  /** Its source map, as the script names it; empty where it has none. */
  readonly map: string
  readonly scopes: readonly FunctionScope[]
}

type Properties = readonly { readonly name: string; readonly value?: RemoteValue }[]

interface RemoteValue {
  readonly value?: unknown
  /** NaN, infinities, -0, bigints. */
  readonly unserializableValue?: string
  readonly objectId?: string
  readonly description?: string
}

const group = 'pipewright'
const hook: unique symbol = Symbol.for('pipewright.scope') as never

/**
 * Looks at functions of this process through an inspector session of its own: V8 tells which variables a closure
 * has captured. Functions of modules that a loader wraps see the module's variables as those of a function.
 */
export class ScopeReader {
  static #shared: Promise<ScopeReader | undefined> | undefined
  readonly #post: (method: string, parameters?: object) => unknown
  readonly #scripts = new Map<string, { readonly url: string; readonly map: string }>()

  private constructor(session: Session) {
    session.on('Debugger.scriptParsed', ({ params: { scriptId, url, sourceMapURL = '' } }) => {
      this.#scripts.set(scriptId, { url, map: sourceMapURL })
    })
    this.#post = (method, parameters = {}) => {
      let error: Error | null = null
      let result: unknown
      // Within one thread the answer is there when the call returns.
      session.post(method as never, parameters as never, (failed: Error | null, answer: unknown) => {
        error = failed
        result = answer
      })
      if (error !== null) throw error as Error
      return result
    }
  }

  /** The reader of this process; undefined where the host has no inspector. */
  static open(): Promise<ScopeReader | undefined> {
    return (this.#shared ??= (async () => {
      try {
        const { Session } = await import('node:inspector')
        const session = new Session()
        session.connect()
        return new ScopeReader(session)
      } catch {
        return undefined
      }
    })())
  }

  /** What a function sees; undefined for what is no function of a script, or of none that is wanted. */
  view(
    target: unknown,
    isWanted: (file: string | undefined) => boolean = () => true,
  ): FunctionView | undefined {
    if (typeof target !== 'function') return undefined
    const host = globalThis as unknown as Record<symbol, unknown>
    host[hook] = target
    try {
      const { result } = this.#post('Runtime.evaluate', {
        expression: `globalThis[Symbol.for('pipewright.scope')]`,
        objectGroup: group,
      }) as { result: RemoteValue }
      const internal = this.#internal(result.objectId!)
      const location = internal.get('[[FunctionLocation]]')?.value as
        | { readonly scriptId: string; readonly lineNumber: number; readonly columnNumber?: number }
        | undefined
      const scopes = internal.get('[[Scopes]]')?.objectId
      if (location === undefined || scopes === undefined) return undefined
      const { scriptId: script, lineNumber: line, columnNumber: column = 0 } = location
      const { url, map = '' } = this.#script(script) ?? {}
      const file = pathOf(url)
      return isWanted(file) ? { script, file, line, column, map, scopes: this.#scopes(scopes) } : undefined
    } finally {
      Reflect.deleteProperty(host, hook)
      // The inspector keeps alive whatever it has told of.
      this.#post('Runtime.releaseObjectGroup', { objectGroup: group })
    }
  }

  /** The private fields of an object, and those of its base classes, as they are; no methods. */
  privateFields(target: object): readonly (readonly [name: string, value: unknown])[] {
    const host = globalThis as unknown as Record<symbol, unknown>
    host[hook] = target
    try {
      const { result } = this.#post('Runtime.evaluate', {
        expression: `globalThis[Symbol.for('pipewright.scope')]`,
        objectGroup: group,
      }) as { result: RemoteValue }
      const { privateProperties = [] } = this.#post('Runtime.getProperties', {
        objectId: result.objectId!,
        ownProperties: true,
      }) as { privateProperties?: Properties }
      return privateProperties.flatMap(({ name, value }) =>
        value === undefined ? [] : [[name, this.#valueOf(value)] as const],
      )
    } finally {
      Reflect.deleteProperty(host, hook)
      // The inspector keeps alive whatever it has told of.
      this.#post('Runtime.releaseObjectGroup', { objectGroup: group })
    }
  }

  #valueOf({ value, unserializableValue: text, objectId }: RemoteValue): unknown {
    if (objectId !== undefined) return this.#handedOver(objectId, (given) => given)
    if (text === undefined) return value
    return text.endsWith('n') ? BigInt(text.slice(0, -1)) : Number(text)
  }

  /** The name of a script; the debugger tells of all that are loaded when it begins, and is ended at once. */
  #script(id: string): { readonly url: string; readonly map: string } | undefined {
    if (!this.#scripts.has(id)) {
      this.#post('Debugger.enable')
      this.#post('Debugger.disable')
    }
    return this.#scripts.get(id)
  }

  #internal(objectId: string): ReadonlyMap<string, RemoteValue> {
    const { internalProperties = [] } = this.#post('Runtime.getProperties', {
      objectId,
      ownProperties: true,
    }) as { internalProperties?: Properties }
    return new Map(
      internalProperties.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]])),
    )
  }

  #scopes(objectId: string): FunctionScope[] {
    const { result } = this.#post('Runtime.getProperties', { objectId, ownProperties: true }) as {
      result: Properties
    }
    const scopes: FunctionScope[] = []
    for (const { value } of result) {
      if (value?.objectId === undefined || /^(?:Global|Script)\b/.test(value.description ?? '')) continue
      scopes.push({
        isModule: /^Module\b/.test(value.description ?? ''),
        values: this.#valuesOf(value.objectId),
      })
    }
    return scopes
  }

  /** The variables of a scope as they are, not copies of them. */
  #valuesOf(objectId: string): Readonly<Record<string, unknown>> {
    // V8 wraps a scope in a description of it.
    return this.#handedOver(
      objectId,
      (given) => (given as { readonly object?: Readonly<Record<string, unknown>> }).object ?? {},
    )
  }

  /** The object itself that the inspector speaks of. */
  #handedOver<T>(objectId: string, take: (given: unknown) => T): T {
    const host = globalThis as unknown as Record<symbol, unknown>
    const target = host[hook]
    let taken: T | undefined
    host[hook] = (given: unknown): void => void (taken = take(given))
    try {
      this.#post('Runtime.callFunctionOn', {
        objectId,
        functionDeclaration: `function () { globalThis[Symbol.for('pipewright.scope')](this) }`,
      })
    } finally {
      host[hook] = target
    }
    return taken as T
  }
}

function pathOf(script: string | undefined): string | undefined {
  if (script === undefined || script === '') return undefined
  if (!script.startsWith('file://')) return script.startsWith('/') ? script.replace(/\?.*$/s, '') : undefined
  return fileURLToPath(script.replace(/[?#].*$/s, ''))
}
