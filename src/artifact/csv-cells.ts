/** Turns a cell's text into what the schema of its column takes; a text that fits nothing is left for the schema. */
export type Convert = (text: string) => unknown

/** How the cells of one column are read. */
export interface CellReader {
  readonly convert: Convert
  /** All values that a text may stand for, the text itself first; only where a column takes several types. */
  readonly readings: ((text: string) => readonly unknown[]) | undefined
}

const booleans: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['TRUE', true],
  ['True', true],
  ['1', true],
  ['false', false],
  ['FALSE', false],
  ['False', false],
  ['0', false],
])

const hasPrefix = /^\s*0[box]/i
const isInteger = /^\s*[+-]?\d+\s*$/
const [zero, nine, plus] = [0x30, 0x39, 0x2b]
const largest = Number.MAX_SAFE_INTEGER

/** The number that a decimal text stands for; undefined for other texts, and where an integer would lose digits. */
function numberOf(text: string): number | undefined {
  const number = Number(text)
  if (Number.isNaN(number)) return text === 'NaN' ? number : undefined
  // Number('') and Number(' ') are 0.
  if (number === 0 && text.trim() === '') return undefined
  const first = text.charCodeAt(0)
  // Number('0x10') is 16. Most texts start with two digits, a sign or a point: they need no pattern.
  const mayHavePrefix =
    first === zero ? text.length > 2 && text.charCodeAt(1) > nine : first < plus || first > nine
  if (mayHavePrefix && hasPrefix.test(text)) return undefined
  return (number > largest || number < -largest) && isInteger.test(text) ? undefined : number
}

/** `types` are those of JSON Schema; `missing` the texts that stand for no cell; `keepsText`: texts stay texts. */
export function cellReader(
  types: readonly string[],
  required: boolean,
  missing: ReadonlySet<string>,
  keepsText = false,
): CellReader {
  const empty = types.includes('null') ? null : undefined
  const takesText = types.includes('string')
  const mayMiss = types.includes('null') || !required || !(takesText || types.includes('unknown'))
  const isNumber = types.includes('number') || types.includes('integer')
  const isBoolean = types.includes('boolean')
  const absent = mayMiss ? missing : new Set([...missing].filter((text) => text !== ''))
  // Most often the empty text is the only one, and to compare with it takes less than a look into a set.
  const only = absent.size === 1 ? [...absent][0] : undefined
  const areSeveral = absent.size > 1
  const isKept = keepsText && takesText
  const convert: Convert = (text) => {
    if (text === only || (areSeveral && absent.has(text))) return empty
    if (isKept) return text
    // A column that takes texts has those that a number or a boolean would not give back: '007', '1.50'.
    if (isNumber) {
      const number = numberOf(text)
      if (number !== undefined && (!takesText || String(number) === text)) return number
    }
    if (isBoolean) {
      const boolean = booleans.get(text)
      if (boolean !== undefined && (!takesText || String(boolean) === text)) return boolean
    }
    return text
  }
  if (Number(takesText) + Number(isNumber) + Number(isBoolean) < 2) return { convert, readings: undefined }
  const readings = (text: string): readonly unknown[] => {
    if (absent.has(text)) return []
    const values = [isNumber ? numberOf(text) : undefined, isBoolean ? booleans.get(text) : undefined]
    return [...(takesText ? [text] : []), ...values.filter((value) => value !== undefined)]
  }
  return { convert, readings }
}
