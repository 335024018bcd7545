export { registerModel, type RegisterModelOptions } from './register-model.ts'
export type { ModelLoader, RegisteredModel, Registry, RegistryPort } from './registry.ts'
