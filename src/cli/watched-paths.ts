import { resolve } from 'node:path'
import { own } from '../internal/own.ts'
import { readSettings } from '../workspace/open.ts'
import { moduleGraph } from '../code/module-graph.ts'
import type { InputOptions } from './inputs/given-inputs.ts'
import { readInputs } from './inputs/inputs-file.ts'

/** Paths among given values: what is no path is not there, and does no harm. */
function* textsIn(value: unknown): Generator<string> {
  if (typeof value === 'string' && value !== '') yield value
  else if (Array.isArray(value)) for (const item of value) yield* textsIn(item)
}

async function inputPaths({ input = [], inputs }: InputOptions): Promise<string[]> {
  const given = await readInputs(inputs).catch(() => ({}))
  const paths = Object.values(given).flatMap((value) => [...textsIn(value)])
  for (const each of input) {
    const text = each.slice(each.indexOf('=') + 1)
    paths.push(text.startsWith('@') ? text.slice(1) : text)
  }
  return [...(inputs === undefined ? [] : [inputs]), ...paths].filter(
    (path) => !path.includes('\n') && path !== '',
  )
}

/**
 * What a run reads: the modules of the project that its pipeline loads, the config file, the inputs. Nothing is loaded
 * for it, so that a file with a mistake can be watched too.
 */
export async function watchedPaths(
  address: string | undefined,
  options: InputOptions,
): Promise<ReadonlySet<string>> {
  const cwd = process.cwd()
  const paths = new Set((await inputPaths(options)).map((path) => resolve(cwd, path)))
  const found = await readSettings({}, cwd).catch(() => undefined)
  if (found?.config !== undefined) paths.add(found.config)
  const pipelines = found?.settings.pipelines ?? {}
  const names = Object.keys(pipelines)
  const named = address ?? (names.length === 1 ? names[0]! : undefined)
  if (named === undefined) return paths
  const fromSettings = own(pipelines, named)
  const [file] = (fromSettings ?? named).split('#') as [string]
  const module = resolve(fromSettings === undefined ? cwd : (found?.root ?? cwd), file)
  paths.add(module)
  const graph = await moduleGraph(module).catch(() => undefined)
  for (const { path, source } of graph?.modules ?? []) paths.add(path).add(source)
  return paths
}
