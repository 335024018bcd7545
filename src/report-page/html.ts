import { createHash } from 'node:crypto'
import { durationText } from '../ui/text.ts'
import type { PageData } from './page-data.ts'

/** The page's own script and style, as they were built. */
export interface PageParts {
  readonly script: string
  readonly style: string
}

const icon =
  'data:image/svg+xml,%3Csvg xmlns=%22http://www.w3.org/2000/svg%22 viewBox=%220 0 16 16%22%3E%3Cpath d=%22M3 4h4v8h6%22 fill=%22none%22 stroke=%22%234a63d6%22 stroke-width=%222.4%22/%3E%3Ccircle cx=%223%22 cy=%224%22 r=%222.4%22 fill=%22%234a63d6%22/%3E%3Ccircle cx=%2213%22 cy=%2212%22 r=%222.4%22 fill=%22%234a63d6%22/%3E%3C/svg%3E'

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}

/** JSON that no sequence in it can end the script element of, or be anything but JSON to a browser. */
export function embeddedJson(data: unknown): string {
  return JSON.stringify(data)
    .replaceAll('<', '\\u003c')
    .replaceAll('\u2028', '\\u2028')
    .replaceAll('\u2029', '\\u2029')
}

/** What forbids the page to load, send or run anything but its own script. */
function policyOf(script: string): string {
  const hash = createHash('sha256').update(script).digest('base64')
  return [
    "default-src 'none'",
    `script-src 'sha256-${hash}'`,
    "style-src 'unsafe-inline'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ')
}

/** The page of a run as one document that needs nothing else. */
export function renderPage(data: PageData, { script, style }: PageParts): string {
  const { pipeline, id, state, startedAt, duration } = data.run
  const took = duration === undefined ? '' : ` in ${durationText(duration)}`
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policyOf(script)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<meta name="generator" content="pipewright ${escaped(data.made.pipewright)}">
<title>${escaped(pipeline)} · ${escaped(state)} · ${escaped(id.slice(0, 8))}</title>
<link rel="icon" href="${icon}">
<style>${style}</style>
</head>
<body>
<div id="page"><noscript>
<h1>${escaped(pipeline)}</h1>
<p>Run ${escaped(id)} ${escaped(state)}${took}, started ${escaped(startedAt)}. The rest of this page needs JavaScript; it loads nothing.</p>
</noscript></div>
<script type="application/json" id="data">${embeddedJson(data)}</script>
<script>${script}</script>
</body>
</html>
`
}
