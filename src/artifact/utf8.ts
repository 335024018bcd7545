import { isUtf8 } from 'node:buffer'
import { PipewrightError } from '../internal/error.ts'

/** Where the last character of some bytes begins if it goes on behind them, else where they end. */
function wholeEnd(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back]!
    if (byte < 0x80) break
    if (byte < 0xc0) continue
    const width = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2
    return width > back ? bytes.length - back : bytes.length
  }
  return bytes.length
}

/** The number of lines before the first one that is not UTF-8. */
function goodLines(bytes: Uint8Array): number {
  let count = 0
  for (let from = 0; from < bytes.length; count++) {
    const end = bytes.indexOf(0x0a, from)
    const next = end < 0 ? bytes.length : end + 1
    if (!isUtf8(bytes.subarray(from, next))) break
    from = next
  }
  return count
}

function countLines(bytes: Uint8Array): number {
  let count = 0
  for (let at = bytes.indexOf(0x0a); at >= 0; at = bytes.indexOf(0x0a, at + 1)) count++
  return count
}

function notUtf8(file: string, line: number): PipewrightError {
  return new PipewrightError('INPUT_INVALID', `file '${file}', line ${line}: the bytes are not UTF-8`, {
    fix: 'convert the file, for example with iconv -f latin1 -t utf-8',
  })
}

/** The text of bytes that are UTF-8, without the mark at their start; others are refused. */
export function utf8Text(bytes: Uint8Array, file: string): string {
  if (!isUtf8(bytes)) throw notUtf8(file, goodLines(bytes) + 1)
  return new TextDecoder().decode(bytes)
}

/** Passes bytes on that are UTF-8; others would be read as replacement characters, and nobody would know. */
export async function* onlyUtf8(source: AsyncIterable<Uint8Array>, file: string): AsyncGenerator<Uint8Array> {
  let rest: Uint8Array = new Uint8Array(0)
  let lines = 0
  const refuse = (bytes: Uint8Array): never => {
    throw notUtf8(file, lines + goodLines(bytes) + 1)
  }
  for await (const chunk of source) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    const end = wholeEnd(bytes)
    const whole = bytes.subarray(0, end)
    if (!isUtf8(whole)) refuse(whole)
    lines += countLines(whole)
    rest = bytes.subarray(end)
    yield whole
  }
  if (rest.length > 0) refuse(rest)
}
