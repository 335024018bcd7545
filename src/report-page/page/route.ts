import { useEffect, useState } from 'preact/hooks'

/** The parts of the page. */
export const views = [
  'summary',
  'graph',
  'timeline',
  'nodes',
  'reports',
  'artifacts',
  'lineage',
  'environment',
  'compare',
] as const

/** One of {@link views}. */
export type View = (typeof views)[number]

/** What is shown beside a view. */
export type Panel =
  | { readonly type: 'node'; readonly path: string }
  | { readonly type: 'group'; readonly pattern: string }
  /** All nodes of a step. */
  | { readonly type: 'step'; readonly name: string }
  | { readonly type: 'artifact'; readonly number: number }

/** Where the page is: kept in the address, so that links and the way back work. */
export interface Route {
  readonly view: View
  readonly panel?: Panel
}

function nameOf(panel: Panel): string {
  switch (panel.type) {
    case 'node':
      return panel.path
    case 'group':
      return panel.pattern
    case 'step':
      return panel.name
    case 'artifact':
      return String(panel.number)
  }
}

/** The address of a place in the page. */
export function hrefOf({ view, panel }: Route): string {
  if (panel === undefined) return `#/${view}`
  return `#/${view}/${panel.type}/${encodeURIComponent(nameOf(panel))}`
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** The place that an address names; the summary for any that is not known. */
export function parseRoute(hash: string): Route {
  const [, name, type, rest = ''] = hash.split('/')
  const view = views.find((one) => one === name) ?? 'summary'
  const what = decoded(rest)
  if (type === 'node') return { view, panel: { type, path: what } }
  if (type === 'group') return { view, panel: { type, pattern: what } }
  if (type === 'step') return { view, panel: { type, name: what } }
  return type === 'artifact' && /^\d+$/.test(what)
    ? { view, panel: { type, number: Number(what) } }
    : { view }
}

/** Where the page is now. */
export function useRoute(): Route {
  const [hash, setHash] = useState(location.hash)
  useEffect(() => {
    const follow = (): void => setHash(location.hash)
    addEventListener('hashchange', follow)
    return () => removeEventListener('hashchange', follow)
  }, [])
  return parseRoute(hash)
}
