import { mkdir } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { byteSize } from '../internal/byte-size.ts'
import { PipewrightError } from '../internal/error.ts'
import type { ArtifactStore } from '../artifact/blob.ts'
import { isPipeline, type AnyPipeline } from '../define/runnable.ts'
import type { MetadataStore } from '../record/metadata.ts'
import type { RunDetail } from '../record/records.ts'
import { defaultSecretSources } from '../secret/sources.ts'
import { configError } from './config-error.ts'
import { absolutePath } from './program.ts'
import { findPipeline, findPipelineIn } from './find-pipeline.ts'
import { loadModule } from './load-module.ts'
import { findRoot } from './root.ts'
import { checkSettings, type Settings } from './settings.ts'
import type { Workspace } from './workspace.ts'

/** The settings of a project: those of its config file under those that are given. */
export async function readSettings(
  given: Settings,
  cwd: string,
): Promise<{ readonly settings: Settings; readonly root: string; readonly config: string | undefined }> {
  checkSettings(given, 'openWorkspace')
  const { root, config } = findRoot(cwd, given.root)
  if (config === undefined) return { settings: given, root, config }
  const loaded = await loadModule(config).then(
    (exports) => exports['default'],
    async (error: unknown) => {
      throw await configError(error, config)
    },
  )
  if (loaded === undefined) {
    throw new PipewrightError('CONFIG_INVALID', `${config} has no default export`, {
      fix: 'export default defineConfig({ … })',
    })
  }
  const settings = { ...(await checkedConfig(loaded as Settings, config)), ...given }
  return {
    settings,
    root: given.root === undefined && settings.root !== undefined ? resolve(root, settings.root) : root,
    config,
  }
}

async function checkedConfig(loaded: Settings, config: string): Promise<Settings> {
  try {
    return checkSettings(loaded, config)
  } catch (error) {
    throw await configError(error, config)
  }
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true })
  } catch (cause) {
    throw new PipewrightError(
      'STORE_READ_ONLY',
      `the workspace folder ${folder} cannot be made: ${(cause as Error).message}`,
      {
        fix: 'make the folder writable, or name another one: openWorkspace({ store, metadata })',
        cause,
      },
    )
  }
}

async function openStore(store: Settings['store'], root: string, folder: string): Promise<ArtifactStore> {
  if (typeof store === 'object' && !('folder' in store)) return store
  const { openFileStore } = await import('../store/file-store.ts')
  if (typeof store !== 'object') return openFileStore(store === undefined ? folder : resolve(root, store))
  return openFileStore(resolve(root, store.folder), { shared: store.shared ?? false })
}

async function openMetadata(
  metadata: Settings['metadata'],
  root: string,
  folder: string,
): Promise<MetadataStore> {
  if (typeof metadata === 'object') return metadata
  const { openSqliteMetadata } = await import('../record/sqlite/store.ts')
  if (metadata === ':memory:') return openSqliteMetadata(metadata)
  const path = metadata === undefined ? join(folder, 'metadata.sqlite') : resolve(root, metadata)
  await makeFolder(dirname(path))
  return openSqliteMetadata(path)
}

/** Finds the code of a recorded run again: by its module, and the pipeline's name in it. */
async function findRecorded(detail: RunDetail, root: string): Promise<AnyPipeline> {
  const { address, id } = detail
  if (address === null) {
    throw new PipewrightError(
      'PIPELINE_NOT_FOUND',
      `run ${id} does not say where its pipeline '${detail.pipeline}' is defined`,
      {
        fix: 'resume it from code: pw.resume(id, pipeline)',
        details: { run: id },
      },
    )
  }
  const file = absolutePath(root, address.module)
  const exports = await loadModule(file).catch((cause: unknown) => {
    throw new PipewrightError(
      'PIPELINE_NOT_FOUND',
      `the module ${address.module} of run ${id} cannot be loaded: ${(cause as Error).message}`,
      {
        fix: 'resume it from code: pw.resume(id, pipeline)',
        cause,
      },
    )
  })
  const found = Object.values(exports).find((value) => isPipeline(value) && value.name === address.pipeline)
  return (found as AnyPipeline | undefined) ?? findPipelineIn(exports, address.module, address.pipeline)
}

/** Amounts of resources as numbers; memory in bytes. */
function amountsOf(resources: NonNullable<Settings['resources']>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(resources).map(([name, amount]) => [
      name,
      name === 'memory' ? byteSize(amount, 'resources.memory') : Number(amount),
    ]),
  )
}

/**
 * Opens a workspace: by default `.pipewright` in the folder of the nearest `pipewright.config.*`, lockfile or
 * `.git`. Close it, or declare it with `await using`.
 *
 * Throws `CONFIG_INVALID`, `WORKSPACE_NEWER`, `WORKSPACE_CORRUPT` or `STORE_READ_ONLY`.
 *
 * @example
 * ```ts
 * await using pw = await openWorkspace()
 * const { outputs } = await pw.run(tumours, { csv: 'tumours.csv' })
 * ```
 */
export async function openWorkspace(settings: Settings = {}): Promise<Workspace> {
  const { settings: merged, root, config } = await readSettings(settings, process.cwd())
  const folder = join(root, '.pipewright')
  if (typeof merged.store !== 'object' || typeof merged.metadata !== 'object') await makeFolder(folder)
  const metadata = await openMetadata(merged.metadata, root, folder)
  const store = await openStore(merged.store, root, folder).catch(async (error: unknown) => {
    await metadata.close()
    throw error
  })
  const { openTelemetry } = await import('../execute/otel.ts')
  // What runs pipelines is loaded by whoever runs some, not by whoever defines them.
  const { Workspace: Opened } = await import('./workspace.ts')
  return new Opened({
    root,
    folder,
    store,
    metadata,
    concurrency: merged.concurrency ?? Math.max(4, availableParallelism() * 2),
    resources: amountsOf(merged.resources ?? {}),
    services: merged.services ?? [],
    runners: merged.runners ?? {},
    opaque: merged.opaque ?? [],
    python: merged.python,
    telemetry: await openTelemetry(),
    secrets: merged.secrets ?? defaultSecretSources,
    project: {
      pipelines: Object.keys(merged.pipelines ?? {}),
      schedules: merged.schedules ?? [],
      triggers: merged.triggers ?? [],
      pipelineAt: (address) => findPipeline(address, merged, { root, cwd: root, config }),
    },
    findPipeline: (detail) => findRecorded(detail, root),
  })
}
