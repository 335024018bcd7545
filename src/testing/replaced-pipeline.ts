import { PipewrightError } from '../internal/error.ts'
import { didYouMean } from '../internal/nearest.ts'
import {
  graphMark,
  graphOf,
  type TracedNode,
  type TracedPipelineObject,
  type TracedScope,
} from '../define/graph.ts'
import type { AnyPipeline } from '../define/runnable.ts'
import type { AnyStep } from '../define/step.ts'
import type { Replacement } from './replace-step.ts'

/** Rebuilds a traced graph around the steps that are replaced; scopes and pipelines that are shared stay shared. */
class Replacing {
  readonly #fakes: ReadonlyMap<AnyStep, AnyStep>
  readonly #scopes = new Map<TracedScope, TracedScope>()
  readonly #pipelines = new Map<AnyPipeline, AnyPipeline>()
  readonly used = new Set<AnyStep>()
  readonly names = new Set<string>()

  constructor(fakes: ReadonlyMap<AnyStep, AnyStep>) {
    this.#fakes = fakes
  }

  pipeline(pipeline: AnyPipeline): AnyPipeline {
    let replaced = this.#pipelines.get(pipeline)
    if (replaced === undefined) {
      const graph = this.#scope(graphOf(pipeline))
      replaced = Object.freeze({ ...pipeline, [graphMark]: graph } as TracedPipelineObject)
      this.#pipelines.set(pipeline, replaced)
    }
    return replaced
  }

  #scope(scope: TracedScope): TracedScope {
    let replaced = this.#scopes.get(scope)
    if (replaced === undefined) {
      const nodes = Object.freeze(scope.nodes.map((node) => this.#node(node)))
      replaced = Object.freeze({ ...scope, nodes })
      this.#scopes.set(scope, replaced)
    }
    return replaced
  }

  #node(node: TracedNode): TracedNode {
    switch (node.type) {
      case 'step': {
        this.names.add(node.step.name)
        const fake = this.#fakes.get(node.step)
        if (fake === undefined) return node
        this.used.add(node.step)
        return Object.freeze({ ...node, step: fake })
      }
      case 'pipeline':
        return Object.freeze({ ...node, pipeline: this.pipeline(node.pipeline) })
      case 'recurse':
        // Called when all is replaced: it may be a pipeline that is being replaced right now.
        return Object.freeze({ ...node, pipeline: () => this.pipeline(node.pipeline()) })
      case 'map':
        return Object.freeze({ ...node, body: this.#scope(node.body) })
      case 'loop':
        return Object.freeze({ ...node, body: this.#scope(node.body) })
      case 'handler':
        return Object.freeze({ ...node, body: this.#scope(node.body) })
      case 'when': {
        const otherwise = node.else === undefined ? undefined : this.#scope(node.else)
        return Object.freeze({ ...node, then: this.#scope(node.then), else: otherwise })
      }
      case 'choose': {
        const otherwise = node.otherwise === undefined ? undefined : this.#scope(node.otherwise)
        const entries = Object.entries(node.branches).map(([name, branch]) => [name, this.#scope(branch)])
        const branches = Object.freeze(Object.fromEntries(entries) as Record<string, TracedScope>)
        return Object.freeze({ ...node, branches, otherwise })
      }
      default:
        return node
    }
  }
}

/** A pipeline with fakes in place of some of its steps. Throws `TEST_INVALID` for a step that it does not use. */
export function replacedPipeline(pipeline: AnyPipeline, replace: readonly Replacement[]): AnyPipeline {
  if (replace.length === 0) return pipeline
  for (const [at, one] of replace.entries()) {
    if ((one as Partial<Replacement> | null)?.original !== undefined && one.fake !== undefined) continue
    throw new PipewrightError('TEST_INVALID', `replace[${at}] is not what replaceStep gives`, {
      fix: 'give a step with what stands in for it: replaceStep(train, () => ({ loss: 0 }))',
    })
  }
  const replacing = new Replacing(new Map(replace.map(({ original, fake }) => [original, fake])))
  const replaced = replacing.pipeline(pipeline)
  for (const { original } of replace) {
    if (replacing.used.has(original)) continue
    const isNamed = replacing.names.has(original.name)
    throw new PipewrightError(
      'TEST_INVALID',
      `replace: pipeline '${pipeline.name}' ${isNamed ? `uses another step that is named '${original.name}'` : `does not use step '${original.name}'`}`,
      {
        fix: isNamed
          ? 'give the step object that the pipeline uses: import it from the module that the pipeline imports'
          : didYouMean(original.name, [...replacing.names]),
        details: { step: original.name },
      },
    )
  }
  return replaced
}
