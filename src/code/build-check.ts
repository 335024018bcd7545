import { readFileSync } from 'node:fs'
import type {
  CallExpression,
  Expression,
  Function as OxcFunction,
  ArrowFunctionExpression,
  Node,
  Program,
} from 'oxc-parser'

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
const compute = 'compute in a step, or take a part with p.pick'

function isFunction(node: Node | undefined): node is BuildFunction {
  return node?.type === 'ArrowFunctionExpression' || node?.type === 'FunctionExpression'
}

function unwrap(node: Node): Node {
  switch (node.type) {
    case 'ParenthesizedExpression':
    case 'TSNonNullExpression':
    case 'TSAsExpression':
    case 'TSSatisfiesExpression':
      return unwrap(node.expression)
    default:
      return node
  }
}

/** The names in a build function that stand for scopes, for handles (records of refs) and for refs. */
class Names {
  readonly scopes = new Set<string>()
  readonly handles = new Set<string>()
  readonly refs = new Set<string>()
  /** Declared for something else too: nothing is said of these, so that nothing wrong is said. */
  readonly #others = new Set<string>()

  /** Takes the parameters of a build function or a callback. */
  parameters(callback: BuildFunction, roles: readonly ('scopes' | 'handles' | 'refs')[]): void {
    for (const [index, parameter] of callback.params.entries()) {
      const role = roles[index]
      if (role === undefined) continue
      if (parameter.type === 'Identifier') this[role].add(parameter.name)
      else if (parameter.type === 'ObjectPattern' && role === 'handles') this.pattern(parameter)
    }
  }

  /** Takes a declaration. */
  declare(id: Node, init: Expression | null): void {
    if (init === null) return
    const value = unwrap(init)
    const made = this.scopeCall(value)
    if (id.type === 'ObjectPattern') {
      if ((made !== undefined && made !== 'pick') || this.isHandle(value)) this.pattern(id)
      return
    }
    if (id.type !== 'Identifier') return
    if (made !== undefined && made !== 'pick') this.handles.add(id.name)
    else if (this.isRef(value)) this.refs.add(id.name)
    else if (this.isHandle(value)) this.handles.add(id.name)
    else this.#others.add(id.name)
  }

  pattern(pattern: Node & { type: 'ObjectPattern' }): void {
    for (const property of pattern.properties) {
      if (property.type === 'Property' && property.value.type === 'Identifier')
        this.refs.add(property.value.name)
    }
  }

  /** The method of a call on a scope: `step`, `map`, `when` or `pick`. */
  scopeCall(node: Node): string | undefined {
    if (node.type !== 'CallExpression' || node.callee.type !== 'MemberExpression' || node.callee.computed)
      return undefined
    const { object, property } = node.callee
    if (object.type !== 'Identifier' || !this.scopes.has(object.name) || property.type !== 'Identifier')
      return undefined
    return ['step', 'map', 'when', 'pick'].includes(property.name) ? property.name : undefined
  }

  isHandle(node: Node): boolean {
    const value = unwrap(node)
    if (value.type === 'Identifier') return this.handles.has(value.name) && !this.#others.has(value.name)
    const made = this.scopeCall(value)
    return made !== undefined && made !== 'pick'
  }

  isRef(node: Node): boolean {
    const value = unwrap(node)
    if (value.type === 'Identifier') return this.refs.has(value.name) && !this.#others.has(value.name)
    if (value.type === 'MemberExpression') return this.isHandle(value.object)
    return this.scopeCall(value) === 'pick'
  }
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
  await walk(program, {
    CallExpression({ arguments: [definition, build] }: CallExpression) {
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
  await walk(program, {
    CallExpression(node: CallExpression) {
      if (!inside(node)) return
      const made = names.scopeCall(node)
      for (const [index, argument] of node.arguments.entries()) {
        if (!isFunction(argument)) continue
        if (made === 'map' && index === 1) names.parameters(argument, ['refs', 'scopes', 'refs'])
        if (made === 'when') names.parameters(argument, ['scopes'])
      }
    },
    VariableDeclarator({ id, init, ...node }: Node & { type: 'VariableDeclarator' }) {
      if (inside({ id, init, ...node })) names.declare(id, init)
    },
  })
  return names
}

/**
 * Reads the build function of a pipeline and finds refs that are used as conditions, compared or put into
 * text: what the compiler lets pass (`!ref`, `ref || x`, `while (ref)`, template literals). Nothing is said
 * where the source is not at hand or a name is used for other things too.
 */
export async function checkBuildFunction(
  module: string,
  pipelineName: string,
): Promise<readonly RefMisuse[]> {
  let source: string
  try {
    source = readFileSync(module, 'utf8')
  } catch {
    return []
  }
  const { parseSync } = await import('oxc-parser')
  const { program, errors } = parseSync(module, source)
  const build = errors.length > 0 ? undefined : await findBuildFunction(program, pipelineName)
  if (build === undefined) return []
  const names = await namesOf(program, build)
  const misuses: RefMisuse[] = []
  const report = (node: Node | null, fix: string): void => {
    if (node === null || node.start < build.start || node.end > build.end) return
    if (!names.isRef(node) && !names.isHandle(node)) return
    const before = source.slice(0, node.start).split('\n')
    misuses.push({
      file: module,
      line: before.length,
      column: before.at(-1)!.length + 1,
      text: source.slice(node.start, node.end),
      fix,
    })
  }
  const condition = ({ test }: { test: Node | null }): void => report(test, branch)
  await walk(program, {
    IfStatement: condition,
    WhileStatement: condition,
    DoWhileStatement: condition,
    ForStatement: condition,
    ConditionalExpression: condition,
    UnaryExpression({ operator, argument }: Node & { type: 'UnaryExpression' }) {
      if (operator !== 'typeof' && operator !== 'void') report(argument, operator === '!' ? branch : compute)
    },
    LogicalExpression({ left, operator }: Node & { type: 'LogicalExpression' }) {
      report(left, operator === '??' ? 'give the input a default in its schema' : branch)
    },
    BinaryExpression({ left, right, operator }: Node & { type: 'BinaryExpression' }) {
      if (operator === 'in' || operator === 'instanceof') return
      report(left, compute)
      report(right, compute)
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
