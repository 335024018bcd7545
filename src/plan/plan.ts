import { canonicalJson } from '../internal/canonical.ts'
import { DigestStream, type Digest } from '../internal/digest.ts'
import { deepFreeze } from '../internal/freeze.ts'
import { graphOf } from '../define/graph.ts'
import type { AnyPipeline, Pipeline } from '../define/runnable.ts'
import { Compiler } from './compile.ts'
import { planFormat, type Plan } from './document.ts'
import { checkInputs, type Given } from './inputs.ts'

const nodesAtOnce = 1_000

/** SHA-256 over the canonical JSON of a structure, node by node: one text of a large plan is slow to make. */
function structureDigest(structure: Omit<Plan, 'given' | 'digest'>): Digest {
  const { format, inputs, pipeline, pipelines, scope, steps } = structure
  const hash = new DigestStream()
  const head = `"format":${format},"inputs":${canonicalJson(inputs)},"pipeline":${JSON.stringify(pipeline)}`
  const recursive = pipelines === undefined ? '' : `,"pipelines":${canonicalJson(pipelines)}`
  hash.update(`{${head}${recursive},"scope":{"nodes":[`)
  for (let at = 0; at < scope.nodes.length; at += nodesAtOnce) {
    const nodes = scope.nodes.slice(at, at + nodesAtOnce).map((node) => canonicalJson(node))
    hash.update(`${at === 0 ? '' : ','}${nodes.join(',')}`)
  }
  hash.update(`],"outputs":${canonicalJson(scope.outputs)}},"steps":${canonicalJson(steps)}}`)
  return hash.digest()
}

/** Compiles the structure of a pipeline; the compiler knows the key of each step object. */
export function compilePipeline(pipeline: AnyPipeline): {
  readonly structure: Omit<Plan, 'given'>
  readonly compiler: Compiler
} {
  const compiler = new Compiler()
  const inputs = compiler.inputs(pipeline)
  const scope = compiler.scope(graphOf(pipeline))
  const pipelines = compiler.recursive()
  const structure = {
    format: planFormat,
    pipeline: pipeline.name,
    inputs,
    steps: compiler.steps(),
    ...(pipelines === undefined ? {} : { pipelines }),
    scope,
  } as const
  // The scope is frozen as it is traced: walking a large one again would cost more than making it.
  for (const declared of [inputs, structure.steps]) deepFreeze(declared)
  return { structure: { ...structure, digest: structureDigest(structure) }, compiler }
}

/**
 * Compiles a pipeline for given inputs: pure and synchronous, nothing is read or run.
 *
 * Throws `INPUT_INVALID` with all problems and their paths (a missing input is one), or `UNKNOWN_INPUT`.
 * {@link Workspace.plan} adds code digests and the content of sources.
 *
 * @example
 * ```ts
 * const document = plan(tumours, { csv: 'tumours.csv', rates: [0.01, 0.1] })
 * console.log(document.digest, Object.keys(document.steps)) // sha256:…, ['load', 'split', 'train', …]
 * ```
 */
export function plan<In, Out>(pipeline: Pipeline<In, Out>, inputs: Given<NoInfer<In>>): Plan {
  const { structure } = compilePipeline(pipeline)
  const given = checkInputs(pipeline, inputs)
  deepFreeze(given)
  return Object.freeze({ ...structure, given })
}
