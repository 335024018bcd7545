import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { PipewrightError } from '../internal/error.ts'
import type { AnyPipeline } from '../define/runnable.ts'
import { findPipeline } from '../workspace/find-pipeline.ts'
import { openWorkspace, readSettings } from '../workspace/open.ts'
import type { Settings } from '../workspace/settings.ts'
import type { Workspace } from '../workspace/workspace.ts'

/** A pipeline with the address that it was found by. */
export interface Project {
  readonly pipeline: AnyPipeline
  /** What a user types to name it again. */
  readonly address: string
  readonly root: string
}

/** The pipeline behind an address; without one the only pipeline of the settings. */
export async function openProject(address: string | undefined): Promise<Project> {
  const cwd = process.cwd()
  const { settings, root, config } = await readSettings({}, cwd)
  const names = Object.keys(settings.pipelines ?? {})
  const named = address ?? (names.length === 1 ? names[0] : undefined)
  if (named === undefined) {
    throw new PipewrightError('PIPELINE_NOT_FOUND', 'no pipeline is named', {
      fix:
        names.length === 0
          ? 'name a file: pipewright run churn.ts'
          : `name one of the settings: ${names.join(', ')}`,
    })
  }
  return { pipeline: await findPipeline(named, settings, { root, cwd, config }), address: named, root }
}

function metadataPath({ metadata }: Settings, root: string): string | undefined {
  if (metadata === undefined) return join(root, '.pipewright', 'metadata.sqlite')
  return typeof metadata === 'string' && metadata !== ':memory:' ? resolve(root, metadata) : undefined
}

/** The folder of the project, and whether it has a workspace; asking makes none. */
export async function findWorkspace(): Promise<{ readonly root: string; readonly exists: boolean }> {
  const { settings, root } = await readSettings({}, process.cwd())
  const path = metadataPath(settings, root)
  return { root, exists: path === undefined || existsSync(path) }
}

/** Opens the workspace that is there: reading from it makes none. Throws `WORKSPACE_NOT_FOUND`. */
export async function openExisting(): Promise<Workspace> {
  const { root, exists } = await findWorkspace()
  if (exists) return openWorkspace()
  throw new PipewrightError('WORKSPACE_NOT_FOUND', `there is no workspace in ${root}: nothing was run yet`, {
    fix: 'run a pipeline (pipewright run <file>), or go to the folder of the project',
    details: { root },
  })
}

/**
 * Opens the workspace that is there, or makes one for the schedules and triggers of the settings: they are kept in it.
 * Throws `WORKSPACE_NOT_FOUND`.
 */
export async function openScheduled(): Promise<Workspace> {
  const { settings } = await readSettings({}, process.cwd())
  const { schedules = [], triggers = [] } = settings
  return schedules.length + triggers.length > 0 ? openWorkspace() : openExisting()
}

/** The run that a user names; without a name the latest one. */
export async function runNamed(pw: Workspace, run: string | undefined): Promise<string> {
  if (run !== undefined) return (await pw.show(run)).id
  const [latest] = (await pw.runs({ limit: 1 })).items
  if (latest !== undefined) return latest.id
  throw new PipewrightError('RUN_NOT_FOUND', `there are no runs in ${pw.root}`, {
    fix: 'run a pipeline: pipewright run <file>',
  })
}
