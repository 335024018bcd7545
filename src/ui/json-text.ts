/** What a terminal acts upon and JSON leaves as it is: control characters of 8 bits, and those that turn the direction. */
const acting = /[\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g

/** JSON that a terminal cannot be misled by, and that reads the same. */
export function jsonText(
  value: unknown,
  replacer?: (name: string, value: unknown) => unknown,
  indent?: number,
): string {
  return JSON.stringify(value, replacer, indent).replaceAll(
    acting,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
