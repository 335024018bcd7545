import { readFileSync } from 'node:fs'
import { dirname, relative, sep } from 'node:path'
import { sha256, type Digest } from '../internal/digest.ts'
import type { ModuleGraph } from './module-graph.ts'

/** What `pipewright digests` writes beside a built module: the digests that its steps have by their sources. */
export interface RecordedDigests {
  readonly format: 1
  /** The content of each module that was built, by its path from the folder of this file. */
  readonly files: Readonly<Record<string, Digest>>
  /** By step. */
  readonly steps: Readonly<
    Record<string, { readonly digest: Digest; readonly packages: Readonly<Record<string, string>> }>
  >
}

/** Where the digests of a built module are recorded. */
export function recordedPlace(module: string): string {
  return `${module}.digests.json`
}

/** The content of all modules that a built one loads. */
export function builtFiles(graph: ModuleGraph, module: string): Readonly<Record<string, Digest>> {
  const folder = dirname(module)
  return Object.fromEntries(
    graph.modules.map(({ path }) => [
      relative(folder, path).split(sep).join('/'),
      sha256(readFileSync(path)),
    ]),
  )
}

function read(module: string): RecordedDigests | undefined {
  try {
    const recorded = JSON.parse(readFileSync(recordedPlace(module), 'utf8')) as RecordedDigests
    return recorded.format === 1 ? recorded : undefined
  } catch {
    return undefined
  }
}

/**
 * The recorded digest of a step: where every module that is loaded is what was built, and every package that is found
 * has the version that the source had. Undefined where nothing is recorded, where it is of another build, and where
 * the module defines anything else under that name.
 */
export function recordedDigest(
  graph: ModuleGraph,
  module: string,
  name: string,
): { readonly digest: Digest; readonly packages: Readonly<Record<string, string>> } | undefined {
  const recorded = read(module)
  const step = recorded?.steps[name]
  if (recorded === undefined || step === undefined || graph.gaps.length > 0) return undefined
  const built = graph.modules.find(({ path }) => path === module)!
  if (built.calls().filter((call) => call.name === name).length !== 1) return undefined
  const files = builtFiles(graph, module)
  const isBuild =
    Object.keys(files).length === Object.keys(recorded.files).length &&
    Object.entries(files).every(([path, digest]) => recorded.files[path] === digest)
  const { versions } = graph.packages
  const areSame = Object.entries(versions).every(([one, version]) => step.packages[one] === version)
  return isBuild && areSame ? step : undefined
}
