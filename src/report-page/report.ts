import { randomUUID } from 'node:crypto'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { PipewrightError } from '../internal/error.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { collectPage, type ReportOptions } from './collect.ts'
import { renderPage } from './html.ts'

/**
 * The page of a run as one HTML document, for a service that shows it: summary, graph, timeline, nodes, reports of its
 * steps, artifacts, lineage, environment, and what differs from another run.
 *
 * The document loads nothing and sends nothing (a content security policy in it forbids that); what users have named and
 * logged is escaped. Its size is bounded: large values are cut, and say so. A run that is not over is shown as it is now.
 * Throws `RUN_NOT_FOUND`.
 *
 * @example
 * ```ts
 * app.get<{ Params: { id: string } }>('/runs/:id', async ({ params }, reply) =>
 *   reply.type('text/html').send(await renderReport(pw, params.id)),
 * )
 * ```
 */
export async function renderReport(pw: Workspace, run: string, options: ReportOptions = {}): Promise<string> {
  const [data, { script, style }] = await Promise.all([
    collectPage(pw, run, options),
    import('./page-bundle.ts'),
  ])
  return renderPage(data, { script, style })
}

/**
 * Writes the page of a run to a file, in place of one that is there, and gives its absolute path. Folders on the way are
 * made; nobody sees half a page.
 *
 * `run` is an id or a unique start of one. Throws `RUN_NOT_FOUND`, or `STORE_READ_ONLY` where the file cannot be written.
 *
 * @example
 * ```ts
 * const path = await writeReport(pw, run.id, 'run.html', { compareWith: before.id })
 * ```
 */
export async function writeReport(
  pw: Workspace,
  run: string,
  file: string,
  options: ReportOptions = {},
): Promise<string> {
  const path = resolve(file)
  const html = await renderReport(pw, run, options)
  const temporary = join(dirname(path), `.${basename(path)}.${randomUUID()}`)
  try {
    await mkdir(dirname(path), { recursive: true })
    await writeFile(temporary, html)
    await rename(temporary, path)
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => undefined)
    throw new PipewrightError(
      'STORE_READ_ONLY',
      `the report cannot be written to ${path}: ${(cause as Error).message}`,
      {
        fix: 'name a file in a folder that can be written',
        details: { run, path },
        cause,
      },
    )
  }
  return path
}
