import { readFileSync } from 'node:fs'
import type {
  CallExpression,
  Expression,
  Function as OxcFunction,
  ArrowFunctionExpression,
  Node,
  Program,
} from 'oxc-parser'
import { lookAt } from './look.ts'
import { unwrap } from './unwrap.ts'

/** A ref that a build function uses as if it were a value. */
export interface RefMisuse {
  readonly file: string
  readonly line: number
  readonly column: number
  /** The expression. */
  readonly text: string
  readonly fix: string
}

type BuildFunction = ArrowFunctionExpression | OxcFunction

const branch = 'branch with p.when'
const iterate = 'run a body for each item with p.map'
const casts = new Set(['String', 'Number', 'BigInt', 'parseInt', 'parseFloat'])
const compute = 'compute in a step, or take a part with p.pick'

function isFunction(node: Node | undefined): node is BuildFunction {
  return (
    node?.type === 'ArrowFunctionExpression' ||
    node?.type === 'FunctionExpression' ||
    node?.type === 'FunctionDeclaration'
  )
}

/** The names that a pattern declares. */
function* namesIn(pattern: Node): Generator<string> {
  switch (pattern.type) {
    case 'Identifier':
      yield pattern.name
      break
    case 'AssignmentPattern':
      yield* namesIn(pattern.left)
      break
    case 'RestElement':
      yield* namesIn(pattern.argument)
      break
    case 'ArrayPattern':
      for (const element of pattern.elements) if (element !== null) yield* namesIn(element)
      break
    case 'ObjectPattern':
      for (const property of pattern.properties)
        yield* namesIn(property.type === 'Property' ? property.value : property)
      break
    case 'TSParameterProperty':
      yield* namesIn(pattern.parameter)
      break
  }
}

/** The methods of a scope that give a ref. */
const refMethods = ['pick', 'maybe']

/** Those that give a handle, or nothing. */
const handleMethods = [
  'step',
  'map',
  'when',
  'choose',
  'loop',
  'recurse',
  'approve',
  'signal',
  'sleep',
  'until',
  'always',
  'onFailure',
]

const scopeMethods: ReadonlySet<string> = new Set([...refMethods, ...handleMethods])

function givesRef(method: string | undefined): boolean {
  return method !== undefined && refMethods.includes(method)
}

function givesHandle(method: string | undefined): boolean {
  return method !== undefined && !refMethods.includes(method)
}

/** The names in a build function that stand for scopes, for handles (records of refs) and for refs. */
class Names {
  readonly scopes = new Set<string>()
  readonly handles = new Set<string>()
  readonly refs = new Set<string>()
  /** Declared for something else too: nothing is said of these, so that nothing wrong is said. */
  readonly #others = new Set<string>()

  /** Takes the parameters of a build function or a callback. */
  parameters(callback: BuildFunction, roles: readonly Role[]): void {
    for (const [index, parameter] of callback.params.entries()) {
      const role = roles[index]
      if (role === undefined) this.other(parameter)
      else if (parameter.type === 'Identifier') this[role].add(parameter.name)
      else if (parameter.type === 'ObjectPattern' && role === 'handles') this.pattern(parameter)
    }
  }

  /** Takes names that stand for plain values. */
  other(pattern: Node): void {
    for (const name of namesIn(pattern)) this.#others.add(name)
  }

  /** Takes an assignment: a variable that was once given something else may be tested for it. */
  assign(target: Node, value: Node): void {
    if (target.type === 'Identifier' && (this.isRef(value) || this.isHandle(value))) return
    this.other(target)
  }

  /** Takes a declaration. */
  declare(id: Node, init: Expression | null): void {
    if (init === null) {
      this.other(id)
      return
    }
    const value = unwrap(init)
    const made = this.scopeCall(value)
    if (id.type === 'ObjectPattern') {
      if (givesHandle(made) || this.isHandle(value)) this.pattern(id)
      else this.other(id)
      return
    }
    if (id.type !== 'Identifier') {
      this.other(id)
      return
    }
    if (givesHandle(made)) this.handles.add(id.name)
    else if (this.isRef(value)) this.refs.add(id.name)
    else if (this.isHandle(value)) this.handles.add(id.name)
    else this.#others.add(id.name)
  }

  pattern(pattern: Node & { type: 'ObjectPattern' }): void {
    for (const property of pattern.properties) {
      if (property.type === 'RestElement') {
        if (property.argument.type === 'Identifier') this.handles.add(property.argument.name)
        continue
      }
      const value = property.value.type === 'AssignmentPattern' ? property.value.left : property.value
      if (value.type === 'Identifier') this.refs.add(value.name)
      else this.other(value)
    }
  }

  /** The method of a call on a scope, where it gives a handle or a ref. */
  scopeCall(node: Node): string | undefined {
    if (node.type !== 'CallExpression' || node.callee.type !== 'MemberExpression' || node.callee.computed)
      return undefined
    const { object, property } = node.callee
    if (object.type !== 'Identifier' || !this.scopes.has(object.name) || property.type !== 'Identifier')
      return undefined
    return scopeMethods.has(property.name) ? property.name : undefined
  }

  isHandle(node: Node): boolean {
    const value = unwrap(node)
    if (value.type === 'Identifier') return this.handles.has(value.name) && !this.#others.has(value.name)
    return givesHandle(this.scopeCall(value))
  }

  isRef(node: Node): boolean {
    const value = unwrap(node)
    if (value.type === 'Identifier') return this.refs.has(value.name) && !this.#others.has(value.name)
    if (value.type === 'MemberExpression') return this.isHandle(value.object)
    return givesRef(this.scopeCall(value))
  }
}

type Role = 'scopes' | 'handles' | 'refs'

/** What the callbacks of a call on a scope are given, by the place of the callback among the arguments. */
function callbackRoles(method: string | undefined, index: number): readonly Role[] | undefined {
  switch (method) {
    case 'map':
      return index === 1 ? ['refs', 'scopes', 'refs'] : undefined
    case 'loop':
      return index === 1 ? ['handles', 'scopes', 'refs'] : undefined
    case 'when':
    case 'choose':
      return ['scopes']
    case 'always':
    case 'onFailure':
      return ['scopes', 'handles']
    default:
      return undefined
  }
}

/** A callback, or those of a record of callbacks. */
function callbacksIn(argument: Node): readonly BuildFunction[] {
  if (isFunction(argument)) return [argument]
  if (argument.type !== 'ObjectExpression') return []
  return argument.properties.flatMap((property) =>
    property.type === 'Property' && isFunction(property.value) ? [property.value] : [],
  )
}

async function walk(
  program: Program | Node,
  visitor: Readonly<Record<string, (node: never) => void>>,
): Promise<void> {
  const { Visitor } = await import('oxc-parser')
  new Visitor(visitor).visit(program as Program)
}

async function findBuildFunction(program: Program, pipelineName: string): Promise<BuildFunction | undefined> {
  let found: BuildFunction | undefined
  const functions = new Map<string, BuildFunction>()
  for (const statement of program.body) {
    const declared = statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement
    if (declared?.type === 'FunctionDeclaration' && declared.id !== null)
      functions.set(declared.id.name, declared)
    if (declared?.type !== 'VariableDeclaration') continue
    for (const { id, init } of declared.declarations) {
      const value = init === null ? undefined : unwrap(init)
      if (id.type === 'Identifier' && isFunction(value)) functions.set(id.name, value)
    }
  }
  await walk(program, {
    CallExpression({ arguments: [first, second] }: CallExpression) {
      const definition = first === undefined ? undefined : unwrap(first)
      const given = second === undefined ? undefined : unwrap(second)
      const build = given?.type === 'Identifier' ? functions.get(given.name) : given
      if (definition?.type !== 'ObjectExpression' || !isFunction(build)) return
      const named = definition.properties.some(
        (property) =>
          property.type === 'Property' &&
          property.key.type === 'Identifier' &&
          property.key.name === 'name' &&
          property.value.type === 'Literal' &&
          property.value.value === pipelineName,
      )
      if (named) found ??= build
    },
  })
  return found
}

/** The names of a build function; declarations come before their uses, so one pass in order is enough. */
async function namesOf(program: Program, build: BuildFunction): Promise<Names> {
  const names = new Names()
  names.parameters(build, ['scopes', 'handles'])
  const inside = (node: Node): boolean => node.start >= build.start && node.end <= build.end
  /** Where the functions start that a scope calls. */
  const callbacks = new Set([build.start])
  const functionOf = (node: BuildFunction): void => {
    if (!inside(node)) return
    if (node.id !== null && node.start !== build.start) names.other(node.id)
    if (!callbacks.has(node.start)) names.parameters(node, [])
  }
  await walk(program, {
    ArrowFunctionExpression: functionOf,
    FunctionExpression: functionOf,
    FunctionDeclaration: functionOf,
    CatchClause(node: Node & { type: 'CatchClause' }) {
      if (node.param !== null && inside(node)) names.other(node.param)
    },
    AssignmentExpression(node: Node & { type: 'AssignmentExpression' }) {
      if (node.operator === '=' && inside(node)) names.assign(node.left, node.right)
    },
    CallExpression(node: CallExpression) {
      if (!inside(node)) return
      const made = names.scopeCall(node)
      for (const [index, argument] of node.arguments.entries()) {
        const roles = callbackRoles(made, index)
        if (roles === undefined) continue
        for (const callback of callbacksIn(argument)) {
          names.parameters(callback, roles)
          callbacks.add(callback.start)
        }
      }
    },
    VariableDeclarator({ id, init, ...node }: Node & { type: 'VariableDeclarator' }) {
      if (inside({ id, init, ...node })) names.declare(id, init)
    },
  })
  return names
}

/**
 * Reads the build function of a pipeline and finds refs that are used as conditions, compared, put into text,
 * looped over or looked into: what the compiler lets pass (`!ref`, `ref || x`, `while (ref)`, template
 * literals, `ref.length`). Nothing is said where the source is not at hand or a name is used for other things too.
 */
export async function checkBuildFunction(
  module: string,
  pipelineName: string,
): Promise<readonly RefMisuse[]> {
  const key = `${module} ${pipelineName}`
  try {
    const { look } = lookAt(module)
    const known = checked.get(key)
    if (known?.look === look) return known.misuses
    const misuses = await misusesIn(readFileSync(module, 'utf8'), module, pipelineName)
    checked.set(key, { look, misuses })
    return misuses
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error
    return []
  }
}

/** A service starts the same pipelines over and over. */
const checked = new Map<string, { readonly look: string; readonly misuses: readonly RefMisuse[] }>()

async function misusesIn(
  source: string,
  module: string,
  pipelineName: string,
): Promise<readonly RefMisuse[]> {
  const { parseSync } = await import('oxc-parser')
  const { program, errors } = parseSync(module, source)
  const build = errors.length > 0 ? undefined : await findBuildFunction(program, pipelineName)
  if (build === undefined) return []
  const names = await namesOf(program, build)
  const misuses: RefMisuse[] = []
  const reported = new Set<number>()
  const reportAt = (node: Node, fix: string): void => {
    if (node.start < build.start || node.end > build.end || reported.has(node.start)) return
    reported.add(node.start)
    const before = source.slice(0, node.start).split('\n')
    misuses.push({
      file: module,
      line: before.length,
      column: before.at(-1)!.length + 1,
      text: source.slice(node.start, node.end),
      fix,
    })
  }
  const report = (node: Node, fix: string): void => {
    if (names.isRef(node) || names.isHandle(node)) reportAt(node, fix)
  }
  /** What decides: also the last part of `options.debug && ref`. */
  const decides = (node: Node): void => {
    const test = unwrap(node)
    report(test, branch)
    if (test.type === 'LogicalExpression') decides(test.right)
    if (test.type === 'SequenceExpression') decides(test.expressions.at(-1)!)
    if (test.type === 'ConditionalExpression') {
      decides(test.consequent)
      decides(test.alternate)
    }
  }
  const condition = ({ test }: { test: Node | null }): void => {
    if (test !== null) decides(test)
  }
  await walk(program, {
    IfStatement: condition,
    WhileStatement: condition,
    DoWhileStatement: condition,
    ForStatement: condition,
    ConditionalExpression: condition,
    UnaryExpression({ operator, argument }: Node & { type: 'UnaryExpression' }) {
      if (operator === '!') decides(argument)
      else if (operator !== 'typeof' && operator !== 'void') report(argument, compute)
    },
    LogicalExpression({ left, operator }: Node & { type: 'LogicalExpression' }) {
      report(left, operator === '??' ? 'give the input a default in its schema' : branch)
    },
    BinaryExpression({ left, right, operator }: Node & { type: 'BinaryExpression' }) {
      if (operator === 'in' || operator === 'instanceof') return
      report(left, compute)
      report(right, compute)
    },
    AssignmentExpression({ left, right, operator }: Node & { type: 'AssignmentExpression' }) {
      if (operator === '&&=' || operator === '||=' || operator === '??=') report(left, branch)
      else if (operator !== '=') {
        report(left, compute)
        report(right, compute)
      }
    },
    UpdateExpression({ argument }: Node & { type: 'UpdateExpression' }) {
      report(argument, compute)
    },
    // A ref has the type of a function, so that `ref.length` and `ref.name` compile. A name may be that of a handle in one
    // callback and of a ref in another one, as `state` of a loop and of `p.always`.
    MemberExpression(node: Node & { type: 'MemberExpression' }) {
      if (names.isRef(node.object) && !names.isHandle(node.object)) reportAt(node, compute)
    },
    CallExpression({ callee, arguments: [argument] }: CallExpression) {
      if (callee.type !== 'Identifier' || argument === undefined) return
      if (callee.name === 'Boolean') decides(argument)
      else if (casts.has(callee.name)) report(argument, compute)
    },
    ForOfStatement({ right }: Node & { type: 'ForOfStatement' }) {
      report(right, iterate)
    },
    ArrayExpression({ elements }: Node & { type: 'ArrayExpression' }) {
      for (const element of elements) if (element?.type === 'SpreadElement') report(element.argument, iterate)
    },
    SwitchStatement({ discriminant }: Node & { type: 'SwitchStatement' }) {
      report(discriminant, branch)
    },
    TemplateLiteral({ expressions }: Node & { type: 'TemplateLiteral' }) {
      for (const expression of expressions) report(expression, 'make the text in a step')
    },
  })
  return misuses
}
