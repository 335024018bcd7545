import { PipewrightError } from '../../internal/error.ts'
import type { Json } from '../../internal/json.ts'
import type { AnyPipeline } from '../../define/runnable.ts'
import { forgetEffects } from '../../execute/live-effects.ts'
import type { Workspace } from '../../workspace/workspace.ts'
import type { Death } from './dying-port.ts'
import { openMortal, type BegunAttempt } from './mortal-workspace.ts'

/** What is said to a run that waits: by the path of an approval, or the name of a signal. */
export type Answers = Readonly<Record<string, { readonly approved?: boolean; readonly payload?: Json }>>

/** What a process is to do: start the run of a key or go on with it, until it ends or the process dies. */
export interface Errand {
  readonly root: string
  readonly pipeline: AnyPipeline
  readonly inputs: Readonly<Record<string, unknown>>
  readonly key: string
  readonly answers: Answers
  readonly death?: Death | undefined
  readonly onDeath?: () => void
  readonly onAttempt?: (attempt: BegunAttempt) => void
}

/** How it went: the outputs, or undefined where the process has died; and how many store operations it took. */
export interface Outcome {
  readonly result?: { readonly outputs: unknown } | { readonly error: unknown }
  readonly operations: number
  readonly run: string | undefined
}

/** Says what a run waits for, and nothing twice that counts once. */
async function answer(workspace: Workspace, run: string, answers: Answers): Promise<void> {
  for (const { node, on, signal } of await workspace.waits(run)) {
    const said = answers[signal ?? node.replaceAll(/\[[^\]]*\]/g, '')]
    if (said === undefined) continue
    const { approved = true, payload } = said
    try {
      if (on === 'signal') await workspace.signal(run, signal!, payload ?? null, { by: 'test' })
      else if (on === 'approval' && approved)
        await workspace.approve(run, { node, by: 'test', ...(payload === undefined ? {} : { payload }) })
      else if (on === 'approval') await workspace.reject(run, { node, by: 'test' })
    } catch (error) {
      // It was decided before the process died.
      if (!PipewrightError.isInstance(error)) throw error
    }
  }
}

/** Does an errand as a process that may die would, in this process. */
export async function drive(errand: Errand): Promise<Outcome> {
  const { root, pipeline, inputs, key, answers, death, onDeath, onAttempt } = errand
  let died: () => void = () => undefined
  const dead = new Promise<undefined>((resolve) => (died = () => resolve(undefined)))
  const mortal = await openMortal(root, {
    death,
    onDeath: () => {
      onDeath?.()
      died()
    },
    ...(onAttempt === undefined ? {} : { onAttempt }),
  })
  const { workspace } = mortal
  const known = await mortal.runByKey(pipeline.name, key)
  let isOver = false
  let fail: (error: unknown) => void = () => undefined
  const failed = new Promise<never>((_resolve, reject) => (fail = reject))
  failed.catch(() => undefined)
  const go = async (): Promise<Outcome['result']> => {
    const detail = known === undefined ? undefined : await workspace.show(known)
    if (detail?.state === 'succeeded') return { outputs: await workspace.outputs(known!, pipeline as never) }
    let id = known
    const say = (): void => {
      if (id === undefined || isOver || mortal.operations.isDead) return
      answer(workspace, id, answers).catch((error: unknown) => {
        // What it was to be told when it ended, or died, nobody misses.
        if (!isOver && !mortal.operations.isDead) fail(error)
      })
    }
    const options = {
      onUpdate: ({ event }: { readonly event: { readonly type: string } }) => {
        if (event.type === 'run.waiting') setImmediate(say)
      },
    }
    const handle =
      known === undefined
        ? await workspace.start(pipeline as never, inputs as never, { key, ...options })
        : await workspace.takeUp(known, pipeline as never, { takeOver: true, ...options })
    id = handle.id
    try {
      return { outputs: (await handle.result()).outputs }
    } catch (error) {
      return { error }
    }
  }
  try {
    const result = await Promise.race([go(), dead, failed])
    const run = await mortal.runByKey(pipeline.name, key)
    if (result === undefined && run !== undefined) forgetEffects(run)
    return { ...(result === undefined ? {} : { result }), operations: mortal.operations.count, run }
  } finally {
    isOver = true
    await mortal.bury()
  }
}
