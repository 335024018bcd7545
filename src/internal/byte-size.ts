import { PipewrightError } from './error.ts'

const units: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
}

/** The bytes of an amount of memory: a number of bytes, or a text such as `'512MiB'`; `DEFINITION_INVALID` naming the field. */
export function byteSize(size: unknown, field: string): number {
  if (typeof size === 'number' && Number.isFinite(size) && size > 0) return size
  const match = typeof size === 'string' ? /^(\d+(?:\.\d+)?)\s?([kMGT]?i?B|KiB)$/.exec(size) : null
  const unit = match === null ? undefined : units[match[2]!]
  const bytes = unit === undefined ? 0 : Math.round(Number(match![1]) * unit)
  if (bytes > 0) return bytes
  throw new PipewrightError(
    'DEFINITION_INVALID',
    `${field}: ${JSON.stringify(size)} is no amount of memory`,
    {
      fix: "give bytes, or a number with a unit such as '512MiB', '4GiB' or '2GB'",
      details: { field },
    },
  )
}

/** Bytes as people read them, in binary units. */
export function byteText(bytes: number): string {
  const names = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  const power = Math.min(names.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, bytes)) / 10)))
  return `${Number((bytes / 2 ** (10 * power)).toPrecision(3))} ${names[power]}`
}
