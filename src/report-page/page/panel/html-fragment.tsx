import type { VNode } from 'preact'
import { useScheme, type Scheme } from '../theme.ts'

/** A fragment with colours of its own was made for a white ground, unless it says that it knows both schemes. */
const ownColours = /\b(?:color|background)(?:-color)?\s*[:=]/i
const bothSchemes = /color-scheme/i

/** Fonts of the page, in the colours of a scheme: the first such `meta` of a document counts. */
function headOf(scheme: Scheme): string {
  return `<meta name="color-scheme" content="${scheme}"><style>:root{font:15px/1.5 system-ui,sans-serif}body{margin:12px}</style>`
}

/** Where lines begin: many of these elements need not be closed. */
const lineStarts = /<(?:p|h[1-6]|li|tr|div|pre|blockquote|figure|section|br|hr)\b/gi
const pictures = /<(?:svg|img|canvas)\b/gi
const [lineHeight, lineLength, pictureHeight] = [34, 110, 220]
const [least, most] = [76, 640]

/** About as high as what it holds, in pixels: nobody can look into the frame to measure it. */
function heightOf(text: string): number {
  const letters = text.replaceAll(/<(style|script)\b[^]*?<\/\1>|<[^>]*>/gi, '').trim().length
  const lines = Math.max(1, text.match(lineStarts)?.length ?? 0) + Math.floor(letters / lineLength)
  const drawn = text.match(pictures)?.length ?? 0
  return Math.min(most, Math.max(least, 30 + lines * lineHeight + drawn * pictureHeight))
}

/** HTML of a report in a frame of its own, in which no script runs and nothing is loaded. */
export function HtmlFragment({ text }: { readonly text: string }): VNode {
  const scheme = useScheme()
  const isPaper = ownColours.test(text) && !bothSchemes.test(text)
  const own = isPaper ? 'light' : scheme
  return (
    <iframe
      class={isPaper ? 'fragment paper' : 'fragment'}
      sandbox=""
      srcdoc={headOf(own) + text}
      title="A part of the report in HTML"
      style={{ height: `${heightOf(text)}px`, colorScheme: own }}
    />
  )
}
