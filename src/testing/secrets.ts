import { PipewrightError } from '../internal/error.ts'
import { own } from '../internal/own.ts'
import { defineSecretProvider, type DefinedSecretProvider } from '../secret/provider.ts'

/** Secrets that a test has given: the environment of whoever runs it is not asked. */
export function testSecrets(values: Readonly<Record<string, string>> = {}): DefinedSecretProvider {
  return defineSecretProvider({
    name: 'the `secrets` of the test',
    get: (secret) => {
      const value = own(values, secret)
      if (value !== undefined) return value
      throw new PipewrightError('SECRET_NOT_FOUND', 'the test does not give it', {
        fix: `secrets: { ${JSON.stringify(secret)}: '…' } in the options of the test, 8 characters or more`,
      })
    },
  })
}
