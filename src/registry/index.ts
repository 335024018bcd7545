/**
 * The models of a workspace: their names, versions and aliases.
 *
 * @example
 * ```ts
 * import { registerModel } from 'pipewright/registry'
 * ```
 * @module pipewright/registry
 */
export { registerModel, type RegisterModelOptions } from './register-model.ts'
export type { ModelLoader, RegisteredModel, Registry, RegistryPort } from './registry.ts'
