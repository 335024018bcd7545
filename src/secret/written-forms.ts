import { inspect } from 'node:util'
import { bareForms } from './bare-text.ts'

/** A shorter text is found in too much that is none. */
export const shortest = 8
/** A line of a secret of several lines counts by itself from this length on. */
const shortestLine = 16

/** A text as JSON writes it, without its quotes. */
function inJson(text: string): string {
  return JSON.stringify(text).slice(1, -1)
}

function lowerHex(text: string): string {
  return text.replaceAll(/%[0-9A-F]{2}/g, (code) => code.toLowerCase())
}

/** JSON as it is written by those who keep to ASCII, which Python does. */
function inAscii(text: string): string[] {
  const digits = (unit: string): string => unit.charCodeAt(0).toString(16).padStart(4, '0')
  const escaped = inJson(text)
  // oxlint-disable-next-line no-control-regex -- ASCII is what stays as it is
  const foreign = /[^\u0000-\u007f]/g
  return [
    escaped.replaceAll(foreign, (unit) => `\\u${digits(unit)}`),
    escaped.replaceAll(foreign, (unit) => `\\u${digits(unit).toUpperCase()}`),
  ]
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function inUrl(text: string): string[] {
  const component = encodeURIComponent(text)
  const strict = component.replaceAll(
    /[!'()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  const form = new URLSearchParams([['', text]]).toString().slice(1)
  const forms = [component, strict, form, encodeURI(text)]
  return [...forms, ...forms.map(lowerHex)]
}

/**
 * What of the base64 of any bytes is decided by these alone, when they begin at each of the three places that a group
 * of three bytes has: the digits beside it hold bits of their neighbours.
 */
function inBase64(bytes: Buffer): string[] {
  return [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64')
    return text.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6))
  })
}

function formsOf(text: string): string[] {
  const bytes = Buffer.from(text, 'utf8')
  const base64 = inBase64(bytes)
  return [
    text,
    inJson(text),
    ...inAscii(text),
    // As `console` prints a text inside of an object.
    inspect(text, { breakLength: Infinity, maxStringLength: null }).slice(1, -1),
    text.replaceAll(/[&<>"']/g, (sign) => entities[sign]!),
    ...inUrl(text),
    ...base64,
    ...base64.map((digits) => digits.replaceAll('+', '-').replaceAll('/', '_')),
    ...base64.map((digits) => encodeURIComponent(digits)),
    bytes.toString('hex'),
    bytes.toString('hex').toUpperCase(),
  ]
}

/** How a secret may be written, bare: as it is, escaped for JSON, URLs or HTML, in base64, in hex. */
export function writtenForms(value: string): ReadonlySet<string> {
  // As its bytes tell it: half of a surrogate pair is in no URL.
  const text = Buffer.from(value, 'utf8').toString('utf8').trim()
  const forms = formsOf(text).flatMap(bareForms)
  const lines = text.split('\n').map((line) => line.trim())
  // Of a key in PEM the first and the last line say what it is, and are no secret.
  if (lines.length > 1)
    for (const line of lines)
      if (line.length >= shortestLine && !line.startsWith('-----')) forms.push(...bareForms(line))
  return new Set(forms.filter((form) => form.length >= shortest))
}
