import { callSite } from '../internal/call-site.ts'
import { PipewrightError } from '../internal/error.ts'
import { checkName } from './name.ts'

const mark: unique symbol = Symbol.for('pipewright.service')

/**
 * Services by name, for `ctx.service`: add to it to have them typed.
 *
 * @example
 * ```ts
 * declare module 'pipewright' {
 *   interface Services {
 *     warehouse: Map<string, number> // what `open` of the service of this name gives
 *   }
 * }
 * ```
 */
// oxlint-disable-next-line typescript/no-empty-interface -- users add to it
export interface Services {}

/** What a service is opened with. */
export interface ServiceContext {
  /** Aborted when it is no longer wanted, while it is being opened. */
  readonly signal: AbortSignal
}

/**
 * What {@link defineService} takes.
 *
 * @example
 * ```ts
 * export const warehouse = defineService({
 *   name: 'warehouse',
 *   open: () => new Map([['rows', 1]]),
 *   close: (rows) => rows.clear(),
 * })
 * ```
 */
export interface ServiceDefinition<T> {
  /** Lower-case words joined by `-`. */
  readonly name: string
  /** Makes what steps share. Called when a step of this process asks for it first; a failure is tried again by the next step. */
  readonly open: (context: ServiceContext) => T | Promise<T>
  /** Ends it. Called when no run of this process goes on; of a thread or a process of steps, when that ends. */
  readonly close?: (value: T) => unknown
}

/** What steps share: a pool, a client. Made by {@link defineService}. */
export interface Service<T = unknown> extends ServiceDefinition<T> {
  readonly [mark]: true
  /** The file in which it was defined, as far as the call stack tells: there other processes find it. */
  readonly module: string | undefined
}

/** A service of any type. */
export interface AnyService extends Pick<Service, typeof mark | 'name' | 'module' | 'open'> {
  /** Ends what it has opened. */
  readonly close?: (value: never) => unknown
}

/** Those that this process has defined, by name and module: a child finds its settings' ones here. */
const defined = new Map<string, AnyService>()

function keyOf(name: string, module: string | undefined): string {
  return JSON.stringify([name, module ?? null])
}

/**
 * Declares what the steps of a process share: a pool of connections, a client. It goes into `services` of the settings, is opened
 * when a step first asks for it by `ctx.service`, once in each process that runs steps, and closed at the end.
 *
 * Throws `DEFINITION_INVALID` for a name or functions that are none.
 *
 * @example
 * ```ts
 * export const warehouse = defineService({
 *   name: 'warehouse',
 *   open: () => new Map([['rows', 1]]),
 *   close: (rows) => rows.clear(),
 * })
 * const pw = await openWorkspace({ services: [warehouse] })
 * // in a step: const rows = await ctx.service(warehouse)
 * ```
 */
export function defineService<T>(definition: ServiceDefinition<T>): Service<T> {
  const { name, open, close } = definition
  checkName('service', name)
  if (typeof open !== 'function' || (close !== undefined && typeof close !== 'function'))
    throw new PipewrightError('DEFINITION_INVALID', `service '${name}': open and close are functions`, {
      fix: 'give open: () => client, and close: (client) => client.end() where it must be ended',
    })
  const service: Service<T> = Object.freeze({
    name,
    open,
    ...(close === undefined ? {} : { close }),
    module: callSite()?.file,
    [mark]: true as const,
  })
  defined.set(keyOf(name, service.module), service)
  return service
}

/** Whether a value was made by {@link defineService}. */
export function isService(value: unknown): value is AnyService {
  return typeof value === 'object' && value !== null && mark in value
}

/** The service that a module of this process has defined under a name. */
export function definedService(name: string, module: string | undefined): AnyService | undefined {
  return defined.get(keyOf(name, module))
}
