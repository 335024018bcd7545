import type { ComponentChildren, VNode } from 'preact'

/** A part with a head; no landmark, for there are many. */
export function Section({
  title,
  children,
  level = 3,
}: {
  readonly title: string
  readonly children: ComponentChildren
  readonly level?: 2 | 3 | 4
}): VNode {
  const Head = `h${level}` as const
  return (
    <section>
      <Head>{title}</Head>
      {children}
    </section>
  )
}
