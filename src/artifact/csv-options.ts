import { inspect } from 'node:util'
import { PipewrightError } from '../internal/error.ts'
import { didYouMean } from '../internal/nearest.ts'

/** How a CSV file is written. */
export interface CsvOptions {
  /** Default `,`. */
  readonly delimiter?: string
  /** `true` (default): the first line names the columns; else their names. */
  readonly header?: true | readonly string[]
  /** Lines to pass over at the start, whatever is in them. Default 0. */
  readonly skipLines?: number
  /**
   * Texts that stand for a missing cell, in every column. Default: the empty one. Where a text must be there, the
   * empty one is a text all the same.
   */
  readonly missing?: readonly string[]
}

type Rule = readonly [isFit: (value: unknown) => boolean, fix: string]

function areTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}

const rules: Readonly<Record<keyof CsvOptions, Rule>> = {
  delimiter: [
    (value) => typeof value === 'string' && /^[^"\r\n]+$/.test(value),
    "give the text between two cells, such as ';' or '\\t'; it holds no quote and no line end",
  ],
  header: [
    (value) => value === true || (areTexts(value) && value.length > 0),
    'give true if the first line names the columns, else a list of their names',
  ],
  skipLines: [
    (value) => Number.isSafeInteger(value) && (value as number) >= 0,
    'give the number of lines to pass over, a whole number from 0',
  ],
  missing: [areTexts, "give a list of texts, such as ['', 'NA']"],
}

/** Refuses options that do not say how a file is written, with `INPUT_INVALID`. */
export function checkCsvOptions(options: CsvOptions, file: string): void {
  const refuse = (message: string, fix: string, option: string): never => {
    throw new PipewrightError('INPUT_INVALID', `file '${file}', ${message}`, { fix, details: { option } })
  }
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(rules, name))
      refuse(`'${name}' is no option of readCsv`, didYouMean(name, Object.keys(rules)), name)
    const [isFit, fix] = rules[name as keyof CsvOptions]
    if (value !== undefined && !isFit(value))
      refuse(`option ${name}: ${inspect(value)} does not fit`, fix, name)
  }
}
