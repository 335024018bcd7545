import type { PageNode } from '../page-data.ts'

const waitTypes: ReadonlySet<PageNode['type']> = new Set(['sleep', 'until', 'signal', 'approve'])

/** Whether what a node does is to wait: for its time, or for somebody. */
export function isWaitNode({ type }: Pick<PageNode, 'type'>): boolean {
  return waitTypes.has(type)
}

/** Whether a node takes time of its own: a step or a wait, not what contains others. */
export function isTimedNode({ type }: Pick<PageNode, 'type'>): boolean {
  return type === 'step' || waitTypes.has(type)
}
