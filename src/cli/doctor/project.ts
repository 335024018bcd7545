import { mkdtemp, rmdir, stat, statfs } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { PipewrightError } from '../../internal/error.ts'
import type { AnyPipeline } from '../../define/runnable.ts'
import { printable, sizeText } from '../../ui/text.ts'
import { findPipeline } from '../../workspace/find-pipeline.ts'
import { openWorkspace, readSettings } from '../../workspace/open.ts'
import { checkPython } from './python.ts'
import { checkSecrets } from './secrets.ts'
import type { Settings } from '../../workspace/settings.ts'
import type { Workspace } from '../../workspace/workspace.ts'
import { findWorkspace } from '../project.ts'
import { fail, failed, ok, warn, type DoctorFinding } from './finding.ts'

const tight = 1024 ** 3
const tooTight = 100 * 1024 ** 2

/** The settings, and every pipeline that they name. */
export async function checkSettingsFile(): Promise<{
  readonly findings: readonly DoctorFinding[]
  readonly root: string | undefined
}> {
  try {
    const { settings, root, config } = await readSettings({}, process.cwd())
    const from = config === undefined ? `no config file; the project is ${root}` : config
    return {
      findings: [ok('settings', printable(from)), ...(await checkPipelines(settings, { root, config }))],
      root,
    }
  } catch (error) {
    return { findings: [failed('settings', error)], root: undefined }
  }
}

async function checkPipelines(
  settings: Settings,
  place: { readonly root: string; readonly config: string | undefined },
): Promise<DoctorFinding[]> {
  const findings: DoctorFinding[] = []
  const loaded: AnyPipeline[] = []
  for (const name of Object.keys(settings.pipelines ?? {})) {
    try {
      loaded.push(await findPipeline(name, settings, { ...place, cwd: process.cwd() }))
      findings.push(ok('pipeline', `${printable(name)} loads`))
    } catch (error) {
      findings.push(failed('pipeline', error))
    }
  }
  return [
    ...findings,
    ...(await checkSecrets(loaded, settings, place.root)),
    ...(await checkPython(loaded, settings, place.root)),
  ]
}

/** The nearest folder upwards that is there. */
async function existing(folder: string): Promise<string> {
  for (let path = folder; ; path = dirname(path)) {
    if ((await stat(path).catch(() => undefined)) !== undefined || dirname(path) === path) return path
  }
}

/** Whether the workspace can be written, and how much room there is. */
export async function checkDisk(root: string): Promise<DoctorFinding[]> {
  const folder = await existing(join(root, '.pipewright'))
  const findings: DoctorFinding[] = []
  try {
    // Rights alone do not tell: a disk may be mounted read-only.
    await rmdir(await mkdtemp(join(folder, '.pipewright-doctor-')))
    findings.push(ok('folder', `${printable(folder)} is writable`))
  } catch {
    findings.push(
      fail(
        'folder',
        `${printable(folder)} cannot be written`,
        'give this user write access, or name another root in pipewright.config.ts',
      ),
    )
  }
  const { bavail, bsize } = await statfs(folder)
  const free = bavail * bsize
  const text = `${sizeText(free)} free`
  findings.push(
    free < tooTight
      ? fail('disk', text, 'free disk space: `pipewright gc` removes old runs')
      : free < tight
        ? warn('disk', text, 'free disk space: `pipewright gc` removes old runs')
        : ok('disk', text),
  )
  return findings
}

/** The stores of the workspace, as far as there are any: doctor makes none. */
export async function checkWorkspace(): Promise<DoctorFinding[]> {
  if (!(await findWorkspace()).exists) return [ok('workspace', 'none yet: the first run makes it')]
  let pw: Workspace
  try {
    pw = await openWorkspace()
  } catch (error) {
    return [failed('workspace', error)]
  }
  try {
    const { items, next } = await pw.runs({ limit: 1_000 })
    const more = next === undefined ? '' : ' or more'
    return [
      ok('workspace', `${items.length}${more} run${items.length === 1 ? '' : 's'}`),
      await checkLocks(pw),
      await checkInterrupted(pw),
    ]
  } catch (error) {
    return [failed('workspace', error)]
  } finally {
    await pw.close()
  }
}

/** So long, in milliseconds, may the lock of the database be held by others. */
const patience = 3_000

async function checkLocks(pw: Workspace): Promise<DoctorFinding> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<'late'>((resolve) => (timer = setTimeout(() => resolve('late'), patience)))
  // Nothing is pinned by this: but it takes the lock that every commit takes.
  const write = pw.unpin((await pw.runs({ limit: 1 })).items[0]?.id ?? '').then(
    () => 'free' as const,
    (error: unknown) =>
      PipewrightError.isInstance(error) && error.code === 'RUN_NOT_FOUND'
        ? ('free' as const)
        : Promise.reject(error),
  )
  try {
    return (await Promise.race([write, late])) === 'free'
      ? ok('locks', 'the database can be written')
      : fail(
          'locks',
          'another process keeps the database locked',
          'end it: a stopped process, a backup, a database browser',
        )
  } catch (error) {
    return failed('locks', error)
  } finally {
    clearTimeout(timer)
  }
}

async function checkInterrupted(pw: Workspace): Promise<DoctorFinding> {
  const { items } = await pw.runs({ state: 'interrupted', limit: 1_000 })
  const [first] = items
  if (first === undefined) return ok('runs', 'none is left without a process that drives it')
  return warn(
    'runs',
    `${items.length} interrupted`,
    `pipewright resume ${first.id}${items.length > 1 ? ', and the others: pipewright runs --state interrupted' : ''}`,
  )
}
