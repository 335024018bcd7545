import type { VNode } from 'preact'
import { useEffect, useMemo, useRef } from 'preact/hooks'
import type { PageData } from '../page-data.ts'
import { Header } from './header.tsx'
import { indexPage, pageAt, PageProvider } from './page-context.ts'
import { SidePanel } from './panel/side-panel.tsx'
import { hrefOf, useRoute, type View } from './route.ts'
import { ArtifactsView } from './views/artifacts.tsx'
import { CompareView } from './views/compare.tsx'
import { EnvironmentView } from './views/environment.tsx'
import { GraphView } from './views/graph.tsx'
import { LineageView } from './views/lineage.tsx'
import { NodesView } from './views/nodes.tsx'
import { ReportsView } from './views/reports.tsx'
import { SummaryView } from './views/summary.tsx'
import { TimelineView } from './views/timeline.tsx'

interface Entry {
  readonly view: View
  readonly title: string
  readonly draw: () => VNode
}

function entriesOf({ comparison, artifacts, lineage, nodes }: PageData): readonly Entry[] {
  const hasReports = artifacts.some(({ kind }) => kind === 'report')
  const entries: (Entry | false)[] = [
    { view: 'summary', title: 'Summary', draw: () => <SummaryView /> },
    hasReports && { view: 'reports', title: 'Reports', draw: () => <ReportsView /> },
    nodes.length > 0 && { view: 'graph', title: 'Graph', draw: () => <GraphView /> },
    nodes.length > 0 && { view: 'timeline', title: 'Timeline', draw: () => <TimelineView /> },
    nodes.length > 0 && { view: 'nodes', title: 'Nodes', draw: () => <NodesView /> },
    artifacts.length > 0 && { view: 'artifacts', title: 'Artifacts', draw: () => <ArtifactsView /> },
    lineage.roots.length > 0 && { view: 'lineage', title: 'Lineage', draw: () => <LineageView /> },
    { view: 'environment', title: 'Environment', draw: () => <EnvironmentView /> },
    comparison !== undefined && { view: 'compare', title: 'Compare', draw: () => <CompareView /> },
  ]
  return entries.filter((entry) => entry !== false)
}

/** The page of a run. */
export function App({ data }: { readonly data: PageData }): VNode {
  const index = useMemo(() => indexPage(data), [data])
  const entries = useMemo(() => entriesOf(data), [data])
  const route = useRoute()
  const entry = entries.find(({ view }) => view === route.view) ?? entries[0]!
  const page = pageAt(index, entry.view, route.panel)
  const main = useRef<HTMLElement>(null)
  const isFirst = useRef(true)
  const current = useRef<HTMLAnchorElement>(null)
  useEffect(() => {
    // On a narrow screen the names of the parts scroll sideways.
    current.current?.scrollIntoView({ inline: 'center', block: 'nearest' })
    // Whoever follows a link to another part reads on from its head.
    if (isFirst.current) isFirst.current = false
    else {
      scrollTo(0, 0)
      main.current?.focus({ preventScroll: true })
    }
  }, [entry.view])
  return (
    <PageProvider value={page}>
      <a
        class="skip"
        href="#main"
        onClick={(event) => {
          // The address says where the page is: it stays.
          event.preventDefault()
          main.current?.focus()
        }}
      >
        Skip to content
      </a>
      <Header run={data.run} />
      <nav class="views" aria-label="Parts of the report">
        <ul>
          {entries.map(({ view, title }) => (
            <li key={view}>
              <a
                href={hrefOf({ view })}
                aria-current={view === entry.view ? 'page' : undefined}
                ref={view === entry.view ? current : null}
              >
                {title}
              </a>
            </li>
          ))}
        </ul>
      </nav>
      <div class={route.panel === undefined ? 'body' : 'body with-panel'}>
        <main id="main" tabIndex={-1} ref={main}>
          {entry.draw()}
          <footer>
            {data.notes.map((note) => (
              <p key={note}>{note}</p>
            ))}
            <p>
              Made by Pipewright {data.made.pipewright} on <time>{data.made.at.slice(0, 10)}</time>. This page
              is one file and loads nothing.
            </p>
          </footer>
        </main>
        {route.panel !== undefined && <SidePanel panel={route.panel} />}
      </div>
    </PageProvider>
  )
}
