import { createContext } from 'preact'
import { useContext } from 'preact/hooks'
import { patternOf } from '../../plan/node-path.ts'
import type { PageData, PageNode } from '../page-data.ts'
import type { Panel, View } from './route.ts'
import { hrefOf } from './route.ts'
import { usesIn, type Uses } from './uses.ts'

/** What all parts of the page use. */
export interface Page {
  readonly data: PageData
  readonly nodeAt: ReadonlyMap<string, PageNode>
  /** The executions of each node of the plan. */
  readonly groups: ReadonlyMap<string, readonly PageNode[]>
  /** By number of an artifact: the paths of the nodes that have made it and that have read it. */
  readonly usesOf: (artifact: number) => Uses
  readonly view: View
  readonly open: Panel | undefined
  /** The address of a panel beside the view that is shown. */
  readonly panelHref: (panel: Panel) => string
}

const context = createContext<Page | undefined>(undefined)

/** Hands the page to the parts inside. */
export const PageProvider = context.Provider

/** What the page shows, from any of its parts. */
export function usePage(): Page {
  const page = useContext(context)
  if (page === undefined) throw new Error('this part stands outside of the page')
  return page
}

/** What does not change while a page is open. */
export function indexPage(data: PageData): Pick<Page, 'data' | 'nodeAt' | 'groups' | 'usesOf'> {
  const groups = new Map<string, PageNode[]>()
  for (const node of data.nodes) {
    const pattern = patternOf(node.path)
    const group = groups.get(pattern)
    if (group === undefined) groups.set(pattern, [node])
    else group.push(node)
  }
  let uses: ReadonlyMap<number, Uses> | undefined
  return {
    data,
    nodeAt: new Map(data.nodes.map((node) => [node.path, node])),
    groups,
    usesOf: (artifact) => (uses ??= usesIn(data)).get(artifact) ?? { makers: [], readers: [] },
  }
}

/** The page at a place. */
export function pageAt(index: ReturnType<typeof indexPage>, view: View, open: Panel | undefined): Page {
  return { ...index, view, open, panelHref: (panel) => hrefOf({ view, panel }) }
}
