import type { VNode } from 'preact'

/** A digest, short; all of it as a title. */
export function Digest({ digest }: { readonly digest: string }): VNode {
  return (
    <code class="digest" title={digest}>
      {digest.replace(/^sha256:/, '').slice(0, 12)}
    </code>
  )
}
