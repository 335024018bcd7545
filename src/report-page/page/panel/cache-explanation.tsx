import type { VNode } from 'preact'
import type { PageExplanation, PageNode } from '../../page-data.ts'
import { usePage } from '../page-context.ts'
import { Section } from '../parts/section.tsx'
import { Time } from '../parts/time.tsx'

function Changes({ changes }: Pick<PageExplanation, 'changes'>): VNode {
  return (
    <ul class="changes">
      {changes.map(({ part, name, before, after, details }) => (
        <li key={`${part} ${name}`}>
          <strong>
            {part} {name}
          </strong>
          {(before !== null || after !== null) && (
            <p>
              <del>{before ?? '(none)'}</del> → <ins>{after ?? '(none)'}</ins>
            </p>
          )}
          {details !== undefined && (
            <pre class="diff" tabIndex={0}>
              {details.map((line, index) => (
                <span
                  key={index}
                  class={line.startsWith('+') ? 'added' : line.startsWith('-') ? 'removed' : undefined}
                >{`${line}\n`}</span>
              ))}
            </pre>
          )}
        </li>
      ))}
    </ul>
  )
}

function textOf({ state, uncached }: PageNode, explanation: PageExplanation | undefined): string {
  const reason = explanation?.reason ?? uncached
  if (reason !== undefined && reason !== null) return `Not kept for other runs: ${reason}.`
  if (explanation === undefined)
    return state === 'succeeded'
      ? 'It was executed; pipewright explain tells why.'
      : 'It has not come to a result that could be kept.'
  if (explanation.against === null) return 'Executed: there was no earlier execution of this step.'
  return explanation.changes.length === 0
    ? 'Executed: what an earlier run had made of the same was gone, too old, or not wanted.'
    : 'Executed: something that its result depends on has changed.'
}

/** Why a node was executed or reused. */
export function CacheExplanation({ node }: { readonly node: PageNode }): VNode {
  const { data } = usePage()
  const { reused, explanation } = node
  if (reused !== undefined)
    return (
      <Section title="Cache">
        <p>
          Reused: nothing that its result depends on has changed since{' '}
          {reused.run === data.run.id ? 'another node of this run' : <code class="id">{reused.run}</code>},
          node <code>{reused.node}</code>.
        </p>
      </Section>
    )
  const against = explanation?.against ?? null
  return (
    <Section title="Cache">
      <p>{textOf(node, explanation)}</p>
      {against !== null && explanation!.changes.length > 0 && (
        <>
          <p class="muted">
            Against <code>{against.node}</code> of <Time iso={against.at} />:
          </p>
          <Changes changes={explanation!.changes} />
        </>
      )}
    </Section>
  )
}
