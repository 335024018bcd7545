/** Turns a cell's text into what the schema of its column takes; a text that fits nothing is left for the schema. */
export type Convert = (text: string) => unknown

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

/** `types` are those of JSON Schema; `missing` the texts that stand for no cell. */
export function converter(
  types: readonly string[],
  required: boolean,
  missing: ReadonlySet<string>,
): Convert {
  const empty = types.includes('null') ? null : undefined
  const isText = types.includes('string') || types.includes('unknown')
  const mayMiss = types.includes('null') || !required || !isText
  const isNumber = types.includes('number') || types.includes('integer')
  const isBoolean = types.includes('boolean')
  return (text) => {
    if (mayMiss && missing.has(text)) return empty
    if (isNumber) {
      const number = Number(text)
      // Number('') and Number(' ') are 0.
      if (Number.isNaN(number) ? text === 'NaN' : number !== 0 || text.trim() !== '') return number
    }
    return isBoolean ? (booleans.get(text) ?? text) : text
  }
}
