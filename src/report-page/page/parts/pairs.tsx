import type { ComponentChildren, VNode } from 'preact'

/** Names with what belongs to them. */
export function Pairs({
  pairs,
}: {
  readonly pairs: readonly (readonly [string, ComponentChildren])[]
}): VNode {
  return (
    <dl class="pairs">
      {pairs.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  )
}
