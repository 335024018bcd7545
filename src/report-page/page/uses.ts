import type { PageData, PageValue, PageValues } from '../page-data.ts'

/** The paths of the nodes that have made an artifact and of those that have read it. */
export interface Uses {
  readonly makers: readonly string[]
  readonly readers: readonly string[]
}

function* artifactsIn(values: PageValues): Generator<number> {
  const open: PageValue[] = values.map(([, value]) => value)
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if ('artifact' in value) yield value.artifact
    else if ('list' in value) open.push(...value.list)
  }
}

/** Who has made and read each artifact of a page. */
export function usesIn({ nodes }: PageData): ReadonlyMap<number, Uses> {
  const uses = new Map<number, { readonly makers: string[]; readonly readers: string[] }>()
  const at = (artifact: number): { readonly makers: string[]; readonly readers: string[] } => {
    const known = uses.get(artifact) ?? { makers: [], readers: [] }
    uses.set(artifact, known)
    return known
  }
  for (const { path, step, inputs = [], outputs = [], reports = [] } of nodes) {
    for (const artifact of new Set(artifactsIn(inputs))) at(artifact).readers.push(path)
    for (const artifact of new Set([...artifactsIn(outputs), ...reports])) {
      const { makers } = at(artifact)
      // What contains others hands on what a step has made; a map makes its lists.
      if (step !== null || makers.length === 0) makers.push(path)
    }
  }
  return uses
}
