/** The colours that texts are drawn in; without colours every one gives its text back. */
export interface Palette {
  readonly good: (text: string) => string
  readonly bad: (text: string) => string
  readonly careful: (text: string) => string
  readonly busy: (text: string) => string
  readonly faint: (text: string) => string
  readonly strong: (text: string) => string
}

const plain = (text: string): string => text

/** Draws without colours. */
export const noColours: Palette = {
  good: plain,
  bad: plain,
  careful: plain,
  busy: plain,
  faint: plain,
  strong: plain,
}

/** The colour of how a run, or what is like one, stands. */
export function colourOfState(state: string, palette: Palette): (text: string) => string {
  switch (state) {
    case 'succeeded':
      return palette.good
    case 'failed':
      return palette.bad
    case 'running':
      return palette.busy
    case 'waiting':
    case 'cancelled':
    case 'interrupted':
      return palette.careful
    default:
      return plain
  }
}

/** What decides on colours, beside the stream. */
export type ColourEnvironment = Readonly<Record<string, string | undefined>>

/** `NO_COLOR` (https://no-color.org) wins over `FORCE_COLOR`, and that over what the stream is. */
export function hasColours(stream: { readonly isTTY?: boolean }, env: ColourEnvironment): boolean {
  if (env['NO_COLOR'] !== undefined && env['NO_COLOR'] !== '') return false
  const forced = env['FORCE_COLOR']
  if (forced !== undefined) return forced !== '0' && forced !== 'false'
  return stream.isTTY === true && env['TERM'] !== 'dumb'
}

/** The colours for a stream; loads what makes them when there are any. */
export async function paletteFor(
  stream: { readonly isTTY?: boolean },
  env: ColourEnvironment = process.env,
): Promise<Palette> {
  if (!hasColours(stream, env)) return noColours
  const { default: picocolors } = await import('picocolors')
  const { green, red, yellow, cyan, dim, bold } = picocolors.createColors(true)
  return { good: green, bad: red, careful: yellow, busy: cyan, faint: dim, strong: bold }
}
