import { isAbsolute, join } from 'node:path'
import { canonicalJson } from '../internal/canonical.ts'
import { PipewrightError } from '../internal/error.ts'
import type { BlobWriter } from '../artifact/blob.ts'
import type { Digest } from '../internal/digest.ts'
import type { Json } from '../internal/json.ts'
import { projectPath } from '../internal/project-path.ts'
import { checkBuildFunction } from '../code/build-check.ts'
import { stepCode, type CodeRequest, type StepCode } from '../code/step-digest.ts'
import { isPythonStep } from '../define/python-step.ts'
import type { AnyPipeline } from '../define/runnable.ts'
import type { Program } from '../execute/run-request.ts'
import type { Plan } from '../plan/document.ts'
import { checkInputs } from '../plan/inputs.ts'
import { compilePipeline } from '../plan/plan.ts'
import { pythonCode, type PythonCodeSettings } from '../python/code/python-code.ts'
import type { Address } from '../record/event.ts'

/** A plan with what running it takes. */
export interface Compiled {
  readonly plan: Plan
  readonly program: Program
  readonly address: Address | null
}

/** The absolute path behind a recorded one. */
export function absolutePath(root: string, path: string): string {
  return isAbsolute(path) ? path : join(root, path)
}

async function refuseMisusedRefs(pipeline: AnyPipeline): Promise<void> {
  if (pipeline.module === undefined) return
  const misuses = await checkBuildFunction(pipeline.module, pipeline.name)
  const first = misuses[0]
  if (first === undefined) return
  const lines = misuses.map(
    ({ file, line, column, text, fix }) => `  ${file}:${line}:${column}: ${text} (${fix})`,
  )
  throw new PipewrightError(
    'REF_COERCED',
    `pipeline '${pipeline.name}' uses a ref as if it were a value:\n${lines.join('\n')}`,
    {
      fix: 'a ref stands for a value that does not exist yet: branch with p.when, take parts with p.pick, compute in a step',
      details: { pipeline: pipeline.name, misuses },
    },
  )
}

/** Compiles a pipeline for given inputs, reads the code of its steps and checks its build function. */
export async function compileProgram(
  pipeline: AnyPipeline,
  inputs: Readonly<Record<string, unknown>> | undefined,
  settings: PythonCodeSettings,
): Promise<Compiled> {
  const { structure, compiler } = compilePipeline(pipeline)
  const given: Readonly<Record<string, Json>> = inputs === undefined ? {} : checkInputs(pipeline, inputs)
  await refuseMisusedRefs(pipeline)
  const code = new Map<string, StepCode>()
  const steps = new Map([...compiler.keys].map(([step, key]) => [key, step]))
  await Promise.all(
    [...steps].map(async ([key, step]) => {
      const { name, module, options, run } = step
      const request = { name, module, run: run as CodeRequest['run'], version: options.version }
      code.set(key, await (isPythonStep(step) ? pythonCode(step, settings) : stepCode(request, settings)))
    }),
  )
  const address =
    pipeline.module === undefined
      ? null
      : { module: projectPath(settings.root, pipeline.module), pipeline: pipeline.name }
  return {
    plan: Object.freeze({ ...structure, given }),
    program: {
      steps,
      pipelines: compiler.pipelines,
      payloads: compiler.payloads,
      code,
      ...(pipeline.module === undefined
        ? {}
        : { address: { module: pipeline.module, pipeline: pipeline.name, structure: structure.digest } }),
    },
    address,
  }
}

/** What is stored of the code of a run, so that a later one can tell what has changed. */
export interface StoredCode {
  /** By step: the list of the parts of its code. */
  readonly reached: Readonly<Record<string, Digest>>
  /** By module: its text. */
  readonly texts: Readonly<Record<string, Digest>>
}

/** Stores the parts of the code of each step, and the texts of the modules where they stand. */
export async function storeCode(program: Program, blobs: BlobWriter): Promise<StoredCode> {
  const reached: Record<string, Digest> = {}
  const texts: Record<string, Digest> = {}
  const put = async (text: string): Promise<Digest> => (await blobs.put(Buffer.from(text, 'utf8'))).digest
  for (const [key, code] of program.code) {
    if (!code.cacheable || code.pieces.length === 0) continue
    const { pieces, values, packages, options } = code
    reached[key] = await put(canonicalJson({ pieces, values, packages, options }))
    for (const [module, text] of code.texts) texts[module] ??= await put(text)
  }
  return { reached, texts }
}

/** The code digests of a program as they are recorded. */
export function codeDigests(program: Program): Record<string, Digest | null> {
  const digests: Record<string, Digest | null> = {}
  for (const [key, code] of program.code) digests[key] = code.cacheable ? code.digest : null
  return digests
}
