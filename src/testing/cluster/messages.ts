import type { StepDeclaration } from '../../plan/document.ts'
import type { Values } from '../../record/event.ts'
import type { Receiver } from './network.ts'
import type { WorkResult } from './work.ts'

/** What the processes of a cluster tell each other. */
export type Message =
  | {
      readonly type: 'do'
      readonly text: string
      readonly from: Receiver<Message>
      readonly node: string
      readonly attempt: number
      readonly used: number
      /** An effect is taken back. */
      readonly isUndo: boolean
      /** The lease under which it was asked for. */
      readonly fence: number
      readonly declaration: StepDeclaration
      readonly values: Values
    }
  | {
      readonly type: 'done'
      readonly text: string
      readonly node: string
      readonly attempt: number
      readonly fence: number
      readonly result: WorkResult
    }
  | {
      readonly type: 'ask'
      readonly text: string
      readonly from: Receiver<Message>
      readonly node: string
    }
  | {
      readonly type: 'decided'
      readonly text: string
      readonly node: string
      readonly outputs: Values | undefined
    }
  | { readonly type: 'cancel'; readonly text: string }
