import { join } from 'node:path'
import { PipewrightError } from '../../internal/error.ts'
import { attemptStep } from '../../execute/attempt.ts'
import { openSqliteMetadata } from '../../record/sqlite/store.ts'
import { openFileStore } from '../../store/file-store.ts'
import { Workspace } from '../../workspace/workspace.ts'
import { dyingPort, Operations, type Death } from './dying-port.ts'

/** An attempt that has begun. */
export interface BegunAttempt {
  readonly node: string
  readonly idempotencyKey: string
}

/** A workspace on disk as a process has it that may die. */
export interface MortalWorkspace {
  readonly workspace: Workspace
  readonly operations: Operations
  /** The run of a pipeline with a caller's key; read behind the back of what may die. */
  runByKey(pipeline: string, key: string): Promise<string | undefined>
  /** Ends what a dead process would not have: threads, connections. */
  bury(): Promise<void>
}

/** Opens a workspace in a folder. */
export async function openMortal(
  root: string,
  {
    death,
    onDeath = () => undefined,
    onAttempt = () => undefined,
  }: {
    readonly death?: Death | undefined
    readonly onDeath?: () => void
    readonly onAttempt?: (attempt: BegunAttempt) => void
  },
): Promise<MortalWorkspace> {
  const folder = join(root, '.pipewright')
  const store = await openFileStore(folder)
  const metadata = await openSqliteMetadata(join(folder, 'metadata.sqlite'))
  const operations = new Operations(death, onDeath)
  const workspace = new Workspace({
    root,
    folder,
    store: dyingPort(store, operations),
    metadata: dyingPort(metadata, operations),
    concurrency: 4,
    resources: {},
    opaque: [],
    telemetry: undefined,
    secrets: [],
    engine: {
      attempt: (task, services) => {
        // What a dead process was about to begin it never begins.
        if (operations.isDead) return new Promise(() => undefined)
        onAttempt({ node: task.node, idempotencyKey: task.idempotencyKey })
        return attemptStep(task, services)
      },
    },
    findPipeline: ({ pipeline }) => {
      throw new PipewrightError('PIPELINE_NOT_FOUND', `pipeline '${pipeline}' is not known here`)
    },
  })
  return {
    workspace,
    operations,
    runByKey: async (pipeline, key) => (await metadata.runByKey(pipeline, key))?.id,
    bury: async () => {
      // Of a dead one the end never comes; its runs are given up all the same.
      const closed = workspace.close()
      if (operations.isDead) await metadata.close()
      else await closed
    },
  }
}
