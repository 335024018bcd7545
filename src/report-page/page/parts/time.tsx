import type { VNode } from 'preact'

/** A moment, in UTC: the reader may sit elsewhere than the machine. */
export function Time({ iso }: { readonly iso: string }): VNode {
  return <time dateTime={iso}>{`${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`}</time>
}
