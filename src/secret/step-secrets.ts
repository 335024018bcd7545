import { PipewrightError } from '../internal/error.ts'
import { didYouMean } from '../internal/nearest.ts'
import { own } from '../internal/own.ts'
import type { Secrets } from '../define/secret.ts'
import type { Redactor } from './redactor.ts'
import type { RunSecrets } from './run-secrets.ts'

/** The secrets that a step declares, for one attempt. */
export class StepSecrets {
  readonly #run: RunSecrets
  readonly #declared: Secrets
  readonly #owner: string
  #values: Readonly<Record<string, string>> = {}

  /** `owner` is the step and its node, for messages. */
  constructor(run: RunSecrets, declared: Secrets | undefined, owner: string) {
    this.#run = run
    this.#declared = declared ?? {}
    this.#owner = owner
  }

  /** Knows all secrets of the run that this process has read. */
  get redactor(): Redactor {
    return this.#run.redactor
  }

  /** Reads them: before the step begins, so that one that is missing costs no work. */
  async load(): Promise<void> {
    this.#values = await this.#run.declared(this.#declared, this.#owner)
  }

  /** A secret by the name that the step has for it. */
  value(name: string): string {
    const value = own(this.#values, name)
    if (value !== undefined) return value
    const names = Object.keys(this.#declared)
    throw new PipewrightError('DEFINITION_INVALID', `${this.#owner}: ctx.secret('${name}') is not declared`, {
      fix:
        names.length === 0
          ? `declare it in the step: secrets: { ${name}: secret('NAME') }`
          : didYouMean(name, names),
      details: { secret: name },
    })
  }
}
