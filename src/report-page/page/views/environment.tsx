import type { VNode } from 'preact'
import { usePage } from '../page-context.ts'
import { Pairs } from '../parts/pairs.tsx'
import { Section } from '../parts/section.tsx'
import { Table } from '../parts/table.tsx'

/** The software and the machine, and how the run was started. */
export function EnvironmentView(): VNode {
  const { data } = usePage()
  const { run, environment, packages } = data
  return (
    <>
      <h2>Environment</h2>
      <div class="halves">
        <Section title="Machine and code">
          {environment.length === 0 ? (
            <p class="muted">It was not recorded.</p>
          ) : (
            <Pairs
              pairs={[
                ...environment,
                ...(run.module === undefined ? [] : [['Module', <code>{run.module}</code>] as const]),
              ]}
            />
          )}
        </Section>
        <Section title="Settings of the run">
          <Pairs
            pairs={[
              ...run.settings,
              ...(run.key === null ? [] : [['key', run.key] as const]),
              ...(run.pinned ? [['pinned', 'yes: it is not removed'] as const] : []),
              ['structure of the plan', <code class="id">{run.structure}</code>],
            ]}
          />
        </Section>
      </div>
      {packages.length > 0 && (
        <Section title="Packages">
          <Table caption="Direct dependencies of the project" head={['package', 'version']} rows={packages} />
        </Section>
      )}
    </>
  )
}
