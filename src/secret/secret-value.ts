import { PipewrightError } from '../internal/error.ts'
import { bareForms } from './bare-text.ts'
import { shortest } from './written-forms.ts'

/** Whether a text is long enough to be told from others. */
export function isRedactable(value: string): boolean {
  return bareForms(value.trim())[0]!.length >= shortest
}

/** Refuses what can be no secret: `SECRET_INVALID`, without the value. */
export function checkSecretValue(value: unknown, secret: string, provider: string): asserts value is string {
  if (typeof value === 'string' && isRedactable(value)) return
  const what =
    typeof value !== 'string'
      ? `is a ${value === null ? 'null' : typeof value}, not a text`
      : value.trim() === ''
        ? `is ${value === '' ? 'empty' : 'white space alone'}`
        : `has less than ${shortest} characters beside line breaks and backslashes: it could not be told from other text where it is to be redacted`
  throw new PipewrightError('SECRET_INVALID', `the secret '${secret}', given by ${provider}, ${what}`, {
    fix: `give it ${shortest} characters or more; what is shorter is no secret, but an input`,
    details: { secret },
  })
}
