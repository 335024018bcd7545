import { own } from '../internal/own.ts'
import { defineSecretProvider, type DefinedSecretProvider } from '../secret/provider.ts'

/** Secrets that a test has given: the environment of whoever runs it is not asked. */
export function testSecrets(values: Readonly<Record<string, string>> = {}): DefinedSecretProvider {
  return defineSecretProvider({ name: 'the `secrets` of the test', get: (secret) => own(values, secret) })
}
