import { PipewrightError } from '../internal/error.ts'
import { itemKind } from '../artifact/list.ts'
import type { Kind } from '../artifact/kind.ts'
import { isForeignModelKind } from '../artifact/model.ts'
import type { StepContext } from './context.ts'
import type { InputsOf, OutputsOf, ReceivedOf, ReturnedOf, Specs } from './spec.ts'
import {
  makeStep,
  type AnyStep,
  type Fingerprint,
  type Step,
  type StepDefinition,
  type StepOptions,
} from './step.ts'

/**
 * Where Python comes from: the name or path of an interpreter; a virtual environment; or a file of requirements, from
 * which an environment is made once and kept in the workspace. Paths are relative to the project.
 *
 * @example
 * ```ts
 * export default defineConfig({ python: { requirements: 'requirements.txt', interpreter: 'python3.12' } })
 * ```
 */
export type PythonEnvironment =
  | string
  | { readonly interpreter: string }
  | { readonly venv: string }
  | { readonly requirements: string; readonly interpreter?: string }

/** Which function a Python step calls, or which notebook it runs, and with which Python. */
export interface PythonCode {
  /** A module, as `import` names it. */
  readonly module?: string
  /** A file, relative to the project, or a `file:` URL. */
  readonly script?: string
  /** A notebook, as `script`. */
  readonly notebook?: string
  /** The function's name in the module or script; absent for a notebook. */
  readonly function?: string
  /** Folders that modules are imported from, relative to the project. */
  readonly path: readonly string[]
  /** That of the settings where it is absent. */
  readonly python?: PythonEnvironment
}

/**
 * The port of a workspace behind which Python runs.
 *
 * @port
 */
export interface PythonPort {
  /** Calls the function of a step with its decoded inputs; gives what it returned. */
  call(
    step: PythonStep,
    inputs: Readonly<Record<string, unknown>>,
    context: StepContext,
  ): Promise<Readonly<Record<string, unknown>>>
}

/** What runs a Python step: only a workspace, or `testStep`, has the port. */
export type PythonFunction<Inputs, Outputs = Readonly<Record<string, unknown>>> = (
  inputs: Inputs,
  context: StepContext,
  port: PythonPort,
) => Promise<Outputs>

/** A step whose function is Python, or a notebook. Made by {@link definePythonStep}. */
export interface PythonStep<in In = never, out Out = unknown, out Run = unknown> extends Step<In, Out, Run> {
  readonly python: PythonCode
}

interface CommonPythonDefinition<I extends Specs, O extends Specs> extends StepOptions {
  /** Named inputs: the parameters of the function, or of the notebook. */
  readonly inputs?: I
  /** Named outputs: the keys of the dict that it returns, or variables of the notebook. */
  readonly outputs?: O
  readonly ignore?: readonly (keyof I & string)[]
  readonly fingerprint?: Fingerprint<ReceivedOf<NoInfer<I>>>
  /** Folders that modules are imported from, relative to the project. Default: the project. */
  readonly path?: string | readonly string[]
  /** Default: that of the settings, else `python3`. */
  readonly python?: PythonEnvironment
  readonly undo?: never
}

/**
 * What {@link definePythonStep} takes: the options of a step, and a function of a `module` or of a `script`, or a `notebook`.
 *
 * @example
 * ```ts
 * export const score = definePythonStep({
 *   name: 'score',
 *   inputs: { rows: table(Tumour), rate: z.number().default(0.1) },
 *   outputs: { auc: z.number() },
 *   script: new URL('./score.py', import.meta.url),
 *   function: 'score',
 *   python: { venv: '.venv' },
 *   timeout: '10m',
 * })
 * ```
 */
export type PythonStepDefinition<I extends Specs, O extends Specs> = CommonPythonDefinition<I, O> &
  (
    | {
        /** A module, as `import` names it: `'features.clean'`. */
        readonly module: string
        /** The function's name in the module. */
        readonly function: string
        readonly script?: never
        readonly notebook?: never
      }
    | {
        /** A file, relative to the project, or a `file:` URL: `new URL('./clean.py', import.meta.url)`. */
        readonly script: string | URL
        /** The function's name in the script. */
        readonly function: string
        readonly module?: never
        readonly notebook?: never
      }
    | {
        /** A notebook with a cell that is tagged `parameters`: a path relative to the project, or a `file:` URL. */
        readonly notebook: string | URL
        readonly module?: never
        readonly script?: never
        readonly function?: never
      }
  )

const keywords = new Set(
  'False None True and as assert async await break class continue def del elif else except finally for from global if import in is lambda nonlocal not or pass raise return try while with yield'.split(
    ' ',
  ),
)

const identifier = /^[\p{L}_][\p{L}\p{N}_]*$/u

function invalid(owner: string, problem: string, fix: string): PipewrightError {
  return new PipewrightError('DEFINITION_INVALID', `${owner}: ${problem}`, { fix })
}

function isDotted(name: unknown): boolean {
  return (
    typeof name === 'string' && name.split('.').every((part) => identifier.test(part) && !keywords.has(part))
  )
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

/** Refuses what is no environment of Python, also in settings. */
export function checkPythonEnvironment(
  python: unknown,
  refuse: (problem: string, fix: string) => never,
): void {
  if (isText(python)) return
  const fix = "give 'python3.12', { interpreter }, { venv: '.venv' } or { requirements: 'requirements.txt' }"
  if (typeof python !== 'object' || python === null) return refuse('is no environment of Python', fix)
  const { interpreter, venv, requirements, ...others } = python as Readonly<Record<string, unknown>>
  const [unknown] = Object.keys(others)
  if (unknown !== undefined) return refuse(`has the unknown member '${unknown}'`, fix)
  const given = { interpreter, venv, requirements }
  for (const [name, value] of Object.entries(given))
    if (value !== undefined && !isText(value)) return refuse(`has a ${name} that is no text`, fix)
  if (venv !== undefined && (interpreter !== undefined || requirements !== undefined))
    return refuse(
      'names a venv and something else',
      'a venv has its interpreter and its packages: give it alone',
    )
  if (venv === undefined && interpreter === undefined && requirements === undefined)
    return refuse('names nothing', fix)
}

/** What no function of another language is given, or can return. */
function refusedKind(kind: Kind<unknown, never>, side: 'input' | 'output'): boolean {
  const item = itemKind(kind)
  if (item !== undefined) return refusedKind(item, side)
  return (kind.name === 'model' && !isForeignModelKind(kind)) || (kind.name === 'report' && side === 'input')
}

function checkNames(names: Readonly<Record<string, unknown>>, side: 'input' | 'output', owner: string): void {
  const name = Object.keys(names).find((one) => !identifier.test(one) || keywords.has(one))
  if (name === undefined) return
  const what = side === 'input' ? 'parameter' : 'variable'
  throw invalid(
    owner,
    `${side} '${name}' cannot be the name of a ${what} in Python`,
    'name it by letters, digits and _',
  )
}

function checkStep(step: AnyStep, { notebook }: PythonCode, owner: string): void {
  checkNames(step.inputs, 'input', owner)
  if (notebook !== undefined) checkNames(step.outputs, 'output', owner)
  for (const side of ['inputs', 'outputs'] as const)
    for (const [name, kind] of Object.entries(step[side])) {
      const one = side === 'inputs' ? 'input' : 'output'
      if (refusedKind(kind, one))
        throw invalid(
          owner,
          `${one} '${name}' is a ${kind.name}, which a Python function cannot ${side === 'inputs' ? 'take' : 'return'}`,
          kind.name === 'model'
            ? "declare it as model({ format: 'onnx' }), or another format that both sides read: a predictor is TypeScript"
            : 'give what it shows as a table or a json value',
        )
    }
}

function isPath(place: unknown): boolean {
  return place instanceof URL ? place.protocol === 'file:' : isText(place)
}

/** The one place that a step's code is at. */
function placeOf(
  { module, script, notebook, function: name }: PythonStepDefinition<Specs, Specs>,
  owner: string,
): Pick<PythonCode, 'module' | 'script' | 'notebook' | 'function'> {
  if ([module, script, notebook].filter((one) => one !== undefined).length !== 1)
    throw invalid(
      owner,
      'names several of module, script and notebook, or none',
      "give module: 'features.clean', script: 'clean.py' or notebook: 'analysis.ipynb'",
    )
  if (notebook !== undefined) {
    if (!isPath(notebook) || !String(notebook).endsWith('.ipynb'))
      throw invalid(
        owner,
        `notebook: ${JSON.stringify(String(notebook))} is no path of a notebook`,
        "give 'analysis.ipynb', or a file: URL of such a file",
      )
    if (name !== undefined)
      throw invalid(owner, 'names a function of a notebook', 'leave it out: all cells of a notebook are run')
    return { notebook: String(notebook) }
  }
  if (module !== undefined && !isDotted(module))
    throw invalid(
      owner,
      `module: ${JSON.stringify(module)} is no name of a Python module`,
      "give it as `import` does: 'features.clean'; a file is a script: 'features/clean.py'",
    )
  if (script !== undefined && !isPath(script))
    throw invalid(owner, `script: ${String(script)} is no path`, "give 'steps/clean.py', or a file: URL")
  if (!isDotted(name))
    throw invalid(
      owner,
      `function: ${JSON.stringify(name)} is no name of a Python function`,
      "give function: 'clean'",
    )
  return { ...(module === undefined ? { script: String(script) } : { module }), function: name! }
}

function codeOf(definition: PythonStepDefinition<Specs, Specs>, owner: string): PythonCode {
  const place = placeOf(definition, owner)
  const { path = '.', python } = definition
  const folders = typeof path === 'string' ? [path] : [...path]
  if (!folders.every(isText)) throw invalid(owner, 'path is no folder', "give path: 'python'")
  if (python !== undefined)
    checkPythonEnvironment(python, (problem, fix) => {
      throw invalid(owner, `python ${problem}`, fix)
    })
  return Object.freeze({
    ...place,
    path: Object.freeze(folders),
    ...(python === undefined
      ? {}
      : { python: typeof python === 'string' ? python : Object.freeze({ ...python }) }),
  })
}

/**
 * Defines a step whose function is Python: it takes the inputs as keyword arguments and returns a dict of the outputs.
 *
 * The function needs no import of Pipewright. Json and metrics values arrive as plain data, files, directories and models
 * as `pathlib.Path`, tables as what the parameter's annotation asks for: `pandas.DataFrame`, `polars.DataFrame`,
 * `pyarrow.Table`, or a list of dicts (default). Its current folder is that of the attempt: files to be returned are
 * written there, and returned by path. What it prints is logged.
 *
 * A `notebook` takes the inputs as parameters, in place of the defaults in its cell that is tagged `parameters`, and gives its
 * outputs as variables, where its last cell leaves them. It is run through papermill, and kept as a report of the step; an
 * output that is declared as `file('application/x-ipynb+json')` is the executed notebook itself.
 *
 * Everything else is as with {@link defineStep}. Throws `DEFINITION_INVALID` for what cannot work; running it may throw
 * `ENVIRONMENT_INVALID`, `FUNCTION_NOT_FOUND`, `DEPENDENCY_MISSING`, `WORKER_FAILED`, or the exception of the function
 * with its traceback.
 *
 * @example
 * ```ts
 * // steps/clean.py: def clean(rows: pandas.DataFrame, least: float): return {"rows": rows[rows.radius >= least]}
 * export const clean = definePythonStep({
 *   name: 'clean',
 *   inputs: { rows: table(Tumour), least: z.number().default(0) },
 *   outputs: { rows: table(Tumour) },
 *   module: 'steps.clean',
 *   function: 'clean',
 *   python: { requirements: 'requirements.txt' },
 * })
 *
 * export const explore = definePythonStep({
 *   name: 'explore',
 *   inputs: { rows: table(Tumour) },
 *   outputs: { share: z.number(), notebook: file('application/x-ipynb+json') },
 *   notebook: new URL('./explore.ipynb', import.meta.url),
 *   python: { venv: '.venv' },
 * })
 * ```
 */
export function definePythonStep<
  const I extends Specs = Readonly<Record<never, never>>,
  const O extends Specs = Readonly<Record<never, never>>,
>(
  definition: PythonStepDefinition<I, O>,
): PythonStep<InputsOf<I>, OutputsOf<O>, PythonFunction<ReceivedOf<I>, ReturnedOf<O>>> {
  const given = definition as unknown as PythonStepDefinition<Specs, Specs>
  const owner = `step '${given.name}'`
  const code = codeOf(given, owner)
  const {
    module: _module,
    script: _script,
    notebook: _notebook,
    function: _function,
    path: _path,
    python: _python,
    ...options
  } = given
  const run: PythonFunction<never> = (inputs, context, port?: PythonPort) => {
    if (port !== undefined) return port.call(step, inputs, context)
    throw new PipewrightError('STEP_FAILED', `${owner} is called where no Python can be started`, {
      fix: 'run it in a workspace, or test it by testStep',
    })
  }
  const made = makeStep<never, unknown, unknown>(
    { ...options, run } as unknown as StepDefinition<Specs, Specs>,
    'python',
  )
  checkStep(made, code, owner)
  const step: PythonStep = Object.freeze({ ...made, python: code })
  return step as never
}

/** Tells whether a step's function is Python. */
export function isPythonStep(step: AnyStep): step is PythonStep {
  return step.port === 'python' && 'python' in step
}
