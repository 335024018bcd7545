// What differs from run to run: ids, digests, times, the folder.
const varying: readonly (readonly [RegExp, string])[] = [
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g, '<id>'],
  [/\brun [0-9a-f]{8}(?:-[0-9a-f]{4})?(?![-0-9a-f])/g, 'run <id>'],
  [/\bsha256:[0-9a-f]+…?/g, '<digest>'],
  [/\b[0-9a-f]{12}\b/g, '<digest>'],
  [/\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?Z?)?/g, '<time>'],
  [/ +(?:<?\d+(?:\.\d+)? (?:µs|ms|s|min)|\d+m \d+s)(?=\W|$)/g, ' <duration>'],
  // Steps that take no time show none.
  [/( [✓↺] .*?) <duration>/g, '$1'],
  [/[ \t]+$/gm, ''],
]

/** Output without what differs from run to run. */
export function steady(output: string, folder: string): string {
  let text = output.replaceAll(folder, '.')
  for (const [pattern, replacement] of varying) text = text.replace(pattern, replacement)
  return text.trimEnd()
}

/** Whether output is what a page shows; a line `…` of the page stands for any lines, or none. */
export function isShown(output: string, shown: string): boolean {
  const patterns = `${shown}\n`
    .split(/(?<=\n)/)
    .map((line) => (line.trim() === '…' ? '(?:.*\\n)*?' : line.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')))
  return new RegExp(`^${patterns.join('')}$`).test(`${output}\n`)
}
