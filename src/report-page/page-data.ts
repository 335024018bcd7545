import type { Json, JsonObject } from '../internal/json.ts'
import type { Chart } from '../artifact/chart.ts'

/** The state of a node as the page shows it: that of its record, or what the record implies. */
export type PageState =
  | 'succeeded'
  | 'reused'
  | 'failed'
  | 'running'
  | 'waiting'
  | 'interrupted'
  | 'blocked'
  | 'skipped'
  | 'cancelled'
  | 'not run'

/** What a node of the plan is. Written out: the page is compiled without what the plan's types need. */
export type PageNodeType =
  | 'step'
  | 'map'
  | 'when'
  | 'choose'
  | 'loop'
  | 'pipeline'
  | 'recurse'
  | 'sleep'
  | 'until'
  | 'signal'
  | 'approve'
  | 'handler'

/** A value on an edge; artifacts by their place in {@link PageData.artifacts}. */
export type PageValue =
  | {
      readonly artifact: number
      readonly pick?: readonly (string | number)[]
      /** As it was given. */ readonly path?: string
    }
  | { readonly json: Json }
  /** The start of the text of plain data that is too large. */
  | { readonly cut: string }
  | { readonly list: readonly PageValue[]; readonly more: number }
  | { readonly absent: true }

/** Named values, in order. */
export type PageValues = readonly (readonly [string, PageValue])[]

/** An error and what caused it, the outermost first. */
export interface PageError {
  readonly name: string
  readonly message: string
  readonly code?: string
  readonly stack?: string
  /** Where in the project it was thrown: `src/train.ts:12:9`. */
  readonly place?: string
  readonly cause?: PageError
}

/** One try of a node; times in milliseconds since the run's start. */
export interface PageAttempt {
  readonly number: number
  readonly start: number
  readonly end?: number
  /** How it has ended, or how it stands. */
  readonly how: string
  /** Where it ran that was not inline, and what it used there. */
  readonly used?: string
  readonly error?: PageError
  /** What it had reported, where it has given no result. */
  readonly metrics?: Readonly<Record<string, PageMetric>>
  readonly params?: JsonObject
  /** Why it was made again. */
  readonly repaired?: string
  /** Its place in {@link PageData.logs}. */
  readonly log?: number
}

/** Why a node was executed or reused. */
export interface PageExplanation {
  readonly verdict: 'hit' | 'executed' | 'not cached'
  readonly reason: string | null
  readonly against: { readonly run: string; readonly node: string; readonly at: string } | null
  readonly changes: readonly {
    readonly part: string
    readonly name: string
    readonly before: string | null
    readonly after: string | null
    readonly details?: readonly string[]
  }[]
}

/** A metric as it stands at the end. */
export interface PageMetric {
  readonly last: number
  readonly min: number
  readonly max: number
  readonly count: number
}

/** How an effect was taken back; times in milliseconds since the run's start. */
export interface PageUndo {
  readonly state: 'running' | 'undone' | 'failed'
  readonly start: number
  readonly end?: number
  readonly error?: PageError
  /** Its place in {@link PageData.logs}. */
  readonly log?: number
}

/** A node of the run; times in milliseconds since the run's start. */
export interface PageNode {
  readonly path: string
  readonly type: PageNodeType
  /** Null for a map, a branch or a sub-pipeline. */
  readonly step: string | null
  readonly state: PageState
  /** When all that it waited for was there. */
  readonly ready?: number
  readonly start?: number
  readonly end?: number
  readonly critical?: true
  /** The paths of what it waits for, or is blocked by. */
  readonly waitsFor?: readonly string[]
  /** Of a blocked one: the node that has failed. */
  readonly failedBefore?: string
  /** What it waits for from outside: `for the signal 'labels'`. */
  readonly waitsOn?: string
  /** The command that ends this wait: a decision, or a signal. */
  readonly command?: string
  /** Of an approval: what whoever decides is shown. */
  readonly show?: PageValues
  readonly undo?: PageUndo
  /** When it is to be tried again. */
  readonly retryAt?: number
  /** Of a map that is not over: how many items it has, and how many of them have not begun. */
  readonly items?: number
  readonly unbegun?: number
  readonly attempts?: readonly PageAttempt[]
  readonly inputs?: PageValues
  readonly outputs?: PageValues
  readonly metrics?: Readonly<Record<string, PageMetric>>
  readonly params?: JsonObject
  /** Places in {@link PageData.artifacts}. */
  readonly reports?: readonly number[]
  readonly error?: PageError
  readonly key?: string
  readonly code?: string
  readonly uncached?: string
  readonly reused?: { readonly run: string; readonly node: string }
  /** The log of the execution that was reused, by its place in {@link PageData.logs}. */
  readonly madeLog?: number
  readonly explanation?: PageExplanation
}

/** The log of an attempt and the curves of its metrics. */
export interface PageLog {
  /** Milliseconds since the run's start, level, message, fields as JSON. */
  readonly lines: readonly (readonly [number, string, string, string?])[]
  /** Lines before these. */
  readonly omitted: number
  readonly curves: readonly PageCurve[]
}

/** The points of a metric, [step, value]; of long curves the extremes of each stretch. */
export interface PageCurve {
  readonly name: string
  readonly points: readonly (readonly [number, number])[]
  readonly count: number
  /** Points that cannot be drawn, for they are NaN or infinite: how many, and the step of the first. */
  readonly notFinite?: { readonly count: number; readonly step: number }
}

/** A column of a table and how its cells are spread. */
export interface PageColumn {
  readonly name: string
  readonly type: string
  readonly missing: number
  readonly spread?:
    | {
        readonly kind: 'numbers'
        readonly min: number
        readonly max: number
        readonly mean: number
        readonly counts: readonly number[]
        /** The ends are times, in milliseconds since the epoch. */
        readonly dates?: true
      }
    | {
        readonly kind: 'values'
        readonly distinct: number
        readonly top: readonly (readonly [string, number])[]
      }
}

/** A block of a report, ready to be shown. */
export type PageBlock =
  | {
      readonly type: 'markdown'
      /** Made by a renderer that lets no HTML through. */
      readonly html: string
    }
  | {
      readonly type: 'image'
      readonly source: string
      readonly alt: string
      readonly caption?: string
    }
  | {
      readonly type: 'table'
      readonly columns: readonly string[]
      readonly rows: readonly (readonly Json[])[]
      readonly more: number
      readonly caption?: string
    }
  | { readonly type: 'chart'; readonly data: Chart; readonly title?: string }
  | { readonly type: 'spec'; readonly text: string; readonly problem: string }
  | { readonly type: 'html'; readonly text: string }
  | { readonly type: 'note'; readonly text: string }

/** What can be seen of an artifact without its bytes. */
export type PagePreview =
  | { readonly type: 'json'; readonly text: string }
  | { readonly type: 'text'; readonly text: string; readonly cut: boolean }
  | {
      readonly type: 'table'
      readonly rows: number
      readonly columns: readonly PageColumn[]
      readonly moreColumns: number
      /** The histograms are of so many rows from the start. */
      readonly profiled: number
      readonly head: readonly (readonly string[])[]
    }
  | { readonly type: 'image'; readonly source: string }
  | { readonly type: 'report'; readonly title?: string; readonly blocks: readonly PageBlock[] }
  | {
      readonly type: 'files'
      readonly files: readonly { readonly path: string; readonly size: number }[]
      readonly more: number
    }
  | { readonly type: 'list'; readonly items: readonly (number | null)[]; readonly more: number }
  | { readonly type: 'none'; readonly reason: string }

/** An artifact that the run has used or made. */
export interface PageArtifact {
  readonly kind: string
  readonly digest: string
  readonly size: number
  readonly mediaType: string
  /** Its size in words of its kind: rows, items, bytes. */
  readonly extent: string
  /** The node and the output that gave it, or the input of the run. */
  readonly from: string
  /** The paths under which it was given to the run. */
  readonly paths?: readonly string[]
  readonly preview: PagePreview
}

/** A node of the plan as the graph shows it: places from the top left corner, in pixels. */
export interface PageGraphNode {
  /** The path of its executions, with `[]` for the items of a map. */
  readonly pattern: string
  readonly label: string
  /** What is under the label: the step's name, if it is another. */
  readonly note: string
  readonly type: PageNode['type'] | 'branch'
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
  /** How many executions are in each state. */
  readonly states: Readonly<Partial<Record<PageState, number>>>
  readonly critical?: true
  /** What is inside of it is not drawn. */
  readonly closed?: true
  /** It stands for all nodes of this step. */
  readonly step?: string
}

/** An edge of the graph. */
export interface PageGraphEdge {
  readonly from: string
  readonly to: string
  readonly points: readonly (readonly [number, number])[]
  readonly critical?: true
}

/** The plan, laid out; what contains others comes before them. */
export interface PageGraph {
  /** Of a plan too large to be drawn node by node: the outermost nodes alone, or a box for all nodes of a step. */
  readonly simplified?: 'outermost' | 'by step'
  readonly width: number
  readonly height: number
  readonly nodes: readonly PageGraphNode[]
  readonly edges: readonly PageGraphEdge[]
}

/** Where an artifact comes from. */
export interface PageChapter {
  readonly kind: string
  readonly digest: string
  readonly extent: string
  readonly making?: {
    readonly node: string
    readonly step: string | null
    readonly run: string
    readonly pipeline: string
    readonly at: string
    readonly code?: string
    readonly params?: JsonObject
    readonly reused?: true
    /** Input and where it comes from: a chapter by its place, or a text. */
    readonly inputs: readonly (readonly [string, number | string])[]
    readonly more: number
  }
  /** The path of a source. */
  readonly path?: string
}

/** The stories of the run's outputs. */
export interface PageLineage {
  readonly roots: readonly { readonly name: string; readonly chapter: number }[]
  readonly chapters: readonly PageChapter[]
  readonly note?: string
}

/** A thing in two runs, as texts; null where a run has none. */
export interface PageDifference {
  readonly name: string
  readonly a: string | null
  readonly b: string | null
}

/** What differs from another run: `a` is this one, `b` the other. */
export interface PageComparison {
  readonly other: {
    readonly id: string
    readonly pipeline: string
    readonly state: string
    readonly startedAt: string
    readonly duration?: number
  }
  readonly structureEqual: boolean
  readonly inputs: readonly PageDifference[]
  readonly outputs: readonly PageDifference[]
  readonly environment: readonly PageDifference[]
  readonly metrics: readonly {
    readonly node: string
    /** Its path in the other run, where that is another one. */
    readonly there?: string
    readonly name: string
    readonly a?: number
    readonly b?: number
  }[]
  readonly nodes: readonly {
    readonly node: string
    readonly there?: string
    readonly what: readonly string[]
    /** Milliseconds. */
    readonly tookHere?: number | 'reused'
    readonly tookThere?: number | 'reused'
  }[]
  readonly equalNodes: number
  /** Items of maps that stand elsewhere in their lists. */
  readonly movedNodes: number
  readonly moreNodes: number
  readonly onlyHere: readonly string[]
  readonly onlyThere: readonly string[]
  /** Nodes of one run alone that are not listed. */
  readonly moreOnly: number
}

/** Everything that the page of a run shows. */
export interface PageData {
  readonly format: 1
  readonly made: { readonly at: string; readonly pipewright: string }
  readonly run: {
    readonly id: string
    readonly pipeline: string
    readonly state: string
    readonly startedAt: string
    /** Milliseconds; absent while it runs. */
    readonly duration?: number
    /** Milliseconds until the page was made, of a run that goes on. */
    readonly soFar?: number
    readonly tags: readonly string[]
    readonly key: string | null
    readonly pinned: boolean
    /** Effects were taken back: it cannot be resumed. */
    readonly undone?: true
    /** The run that it repeats a part of. */
    readonly rerunOf?: string
    readonly error?: PageError
    readonly module?: string
    readonly structure: string
    readonly settings: readonly (readonly [string, string])[]
    readonly verification: readonly string[]
  }
  readonly environment: readonly (readonly [string, string])[]
  readonly packages: readonly (readonly [string, string])[]
  readonly inputs: PageValues
  readonly outputs: PageValues
  readonly nodes: readonly PageNode[]
  /** Executions that there is no room for: how many are in each state, and how long they have worked together. */
  readonly omitted?: {
    readonly count: number
    readonly states: Readonly<Partial<Record<PageState, number>>>
    readonly work: number
  }
  readonly graph: PageGraph
  readonly logs: readonly PageLog[]
  readonly artifacts: readonly PageArtifact[]
  readonly lineage: PageLineage
  readonly comparison?: PageComparison
  /** What was left out for its size. */
  readonly notes: readonly string[]
}
