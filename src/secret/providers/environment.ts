import { own } from '../../internal/own.ts'
import type { SecretProvider } from '../provider.ts'

/** The variables of this process: a secret is that of its name. */
export const environmentProvider: SecretProvider = {
  name: 'the environment',
  get: (secret) => own(process.env, secret),
}
