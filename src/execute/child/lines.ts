import type { Readable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'

/** What a step prints: a longer line is cut into several, so that a stream without an end takes no memory. In characters. */
export const longestPrinted = 16 * 1024

/**
 * Calls a function with each line of a stream, of at most so many characters; what is no UTF-8 becomes replacement
 * characters.
 */
export function onLines(stream: Readable, longest: number, take: (line: string) => void): void {
  const decoder = new StringDecoder('utf8')
  let rest = ''
  const push = (text: string): void => {
    const lines = (rest + text).split(/\r?\n/)
    rest = lines.pop()!
    for (const line of lines) take(line)
    for (; rest.length > longest; rest = rest.slice(longest)) take(rest.slice(0, longest))
  }
  stream.on('data', (chunk: Buffer) => push(decoder.write(chunk)))
  stream.once('close', () => {
    push(decoder.end())
    if (rest !== '') take(rest)
    rest = ''
  })
  // Who is at its other end may be killed.
  stream.on('error', () => undefined)
}
