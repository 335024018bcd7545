import type { SecretProvider } from './provider.ts'
import { RunSecrets, type OnSecretRead } from './run-secrets.ts'

/** The secrets of the runs that this process has a part in. */
export class WorkspaceSecrets {
  readonly #providers: readonly SecretProvider[]
  readonly #onRead: OnSecretRead | undefined
  readonly #runs = new Map<string, RunSecrets>()

  /** `providers` are asked in this order. */
  constructor(providers: readonly SecretProvider[], onRead?: OnSecretRead) {
    this.#providers = providers
    this.#onRead = onRead
  }

  /** The secrets of a run: each is read once, whoever asks for it. */
  of(run: string): RunSecrets {
    const known = this.#runs.get(run) ?? new RunSecrets(this.#providers, this.#onRead)
    this.#runs.set(run, known)
    return known
  }

  /** The same providers, for what is to leave nothing behind. */
  apart(): WorkspaceSecrets {
    return new WorkspaceSecrets(this.#providers)
  }

  /** A text without any secret of any of these runs. */
  shown(text: string): string {
    return [...this.#runs.values()].reduce((left, { redactor }) => redactor.text(left), text)
  }

  /** Lets go of what was read for a run: its end. A secret that has changed is read anew by the next one. */
  forget(run: string): void {
    this.#runs.delete(run)
  }
}
