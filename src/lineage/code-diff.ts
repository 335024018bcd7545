/** So many lines of a diff are told. */
const mostLines = 12

/** The lines of code that are gone (`- `) and new (`+ `), in order; none where a side is not known. */
export async function codeDiff(before: string | undefined, after: string | undefined): Promise<string[]> {
  if (before === undefined || after === undefined) return []
  const { diffLines } = await import('diff')
  const lines: string[] = []
  for (const { added, removed, value } of diffLines(before, after, { ignoreWhitespace: true })) {
    if (!added && !removed) continue
    for (const line of value.replace(/\n$/, '').split('\n'))
      if (line.trim() !== '') lines.push(`${added ? '+' : '-'} ${line.trim()}`)
  }
  return lines.length <= mostLines
    ? lines
    : [...lines.slice(0, mostLines), `… ${lines.length - mostLines} more lines`]
}
