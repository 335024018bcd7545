import type { ComponentChildren } from 'preact'

/** A chart as it is drawn: the picture, its figures in words, and its data. */
export interface Picture {
  readonly title: string
  /** The figures that it is about. */
  readonly facts: string
  readonly drawing: ComponentChildren
  readonly head: readonly string[]
  readonly rows: readonly (readonly string[])[]
}
