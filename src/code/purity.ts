import type { Node } from 'oxc-parser'
import { isErased, isNode } from './normal-form.ts'

type AnyNode = Node & Readonly<Record<string, unknown>>

/** Packages whose functions make descriptions and nothing else: what they give is known by the code that calls them. */
const describing = /^(?:pipewright|zod|valibot|arktype|superstruct|yup|@sinclair\/typebox)(?:\/|$)/

/** Modules whose functions only make a value of what they are given; that may then do anything. */
const making = /^(?:node:)?(?:path|url|module)(?:\/|$)/

/** Packages whose objects only tell what happens: they change no result. */
const telling =
  /^(?:pino|winston|bunyan|loglevel|debug|consola|signale|tslog|log4js|@opentelemetry\/.*)(?:\/|$)/

/** Names that definitions go by, also where they are not imported. */
const definers = ['defineStep', 'definePipeline', 'definePredictor', 'definePythonStep', 'defineConfig']

const pureFunctions = new Set([
  'Symbol',
  'String',
  'Number',
  'Boolean',
  'BigInt',
  'Object',
  'Array',
  'structuredClone',
])

const pureConstructors =
  /^(?:Map|Set|WeakMap|WeakSet|RegExp|URL|Array|Object|(?:Big)?(?:Int|Uint)(?:8|16|32|64)(?:Clamped)?Array|Float(?:32|64)Array|ArrayBuffer|DataView|(?:Type|Range|Syntax)?Error|Text(?:En|De)coder)$/

const pureNamespaces = /^(?:Math|JSON|Number|String|Array|BigInt|Intl|console)$/
const pureOfObject = new Set(['freeze', 'keys', 'values', 'entries', 'fromEntries', 'create'])
/** What they hold is given from outside. */
const outside = new Set(['process', 'globalThis', 'global', 'performance', 'navigator'])

/** Modules whose exports hold what is given from outside. */
const world = /^(?:node:)?(?:process|os|worker_threads)$/

/** Whether what an import names is given from outside. */
export function isOutside(specifier: string): boolean {
  return world.test(specifier)
}

/** Methods that leave what they are called on as it was. */
export const readingMethods = new Set(
  (
    'at concat endsWith entries every filter find findIndex findLast findLastIndex flat flatMap forEach get has ' +
    'includes indexOf join keys lastIndexOf length map match matchAll normalize padEnd padStart reduce reduceRight ' +
    'repeat replace replaceAll size slice some split startsWith substring test toFixed toISOString toJSON ' +
    'toLowerCase toReversed toSorted toSpliced toString toUpperCase trim trimEnd trimStart values valueOf with'
  ).split(' '),
)

/** Names of a module that may be called without an effect: functions of packages, and what those have made. */
export type Describing = Set<string>

/** Whether what an import names only describes, and what it gives does so too. */
export function isDescribing(specifier: string): boolean {
  return describing.test(specifier) || telling.test(specifier)
}

/** Whether calling what an import names only makes a value. */
export function isMaking(specifier: string): boolean {
  return isDescribing(specifier) || making.test(specifier)
}

/** The names that describe before a module has defined any. */
export function describingNames(declared: ReadonlySet<string>): Describing {
  return new Set(definers.filter((name) => !declared.has(name)))
}

/**
 * Whether an expression only makes a value that its text tells: evaluated at load it neither changes nor reads
 * anything else.
 */
export function isPure(node: AnyNode, names: Describing): boolean {
  const pure = (value: unknown): boolean =>
    Array.isArray(value) ? value.every(pure) : !isNode(value) || isErased(value) || isPure(value, names)
  switch (node.type) {
    case 'Identifier':
      return !outside.has(node.name) && !names.has(`!${node.name}`)
    case 'Literal':
    case 'ThisExpression':
    case 'MetaProperty':
    case 'FunctionExpression':
    case 'ArrowFunctionExpression':
    case 'TemplateElement':
      return true
    case 'ClassExpression':
      return isPureClass(node, names)
    case 'UnaryExpression':
      return node.operator !== 'delete' && pure(node.argument)
    case 'CallExpression':
      return isPureCall(node, names) && pure(node.arguments)
    case 'NewExpression': {
      const { callee } = node
      const isIntl =
        callee.type === 'MemberExpression' &&
        callee.object.type === 'Identifier' &&
        callee.object.name === 'Intl'
      return (
        (isIntl || (callee.type === 'Identifier' && pureConstructors.test(callee.name))) &&
        pure(node.arguments)
      )
    }
    case 'TemplateLiteral':
    case 'ArrayExpression':
    case 'ObjectExpression':
    case 'Property':
    case 'SpreadElement':
    case 'BinaryExpression':
    case 'LogicalExpression':
    case 'ConditionalExpression':
    case 'MemberExpression':
    case 'ChainExpression':
    case 'SequenceExpression':
    case 'ParenthesizedExpression':
    case 'TSAsExpression':
    case 'TSSatisfiesExpression':
    case 'TSNonNullExpression':
    case 'TSTypeAssertion':
    case 'TSInstantiationExpression':
      return Object.entries(node).every(
        ([key, value]) => key === 'typeAnnotation' || key === 'typeArguments' || pure(value),
      )
    default:
      return false
  }
}

function isPureCall(node: AnyNode & { readonly callee?: unknown }, names: Describing): boolean {
  const callee = strip(node.callee as AnyNode)
  if (callee.type === 'Identifier') return names.has(callee.name) || pureFunctions.has(callee.name)
  if (callee.type !== 'MemberExpression' || callee.computed || callee.property.type !== 'Identifier')
    return false
  const object = strip(callee.object as AnyNode)
  const method = callee.property.name
  if (object.type === 'Identifier') {
    if (names.has(object.name)) return true
    if (object.name === 'Object') return pureOfObject.has(method)
    if (pureNamespaces.test(object.name) && method !== 'random') return areCallbacksPure(node, names)
  }
  // z.object({ … }).extend({ … }): what describes gives what describes.
  if (object.type === 'CallExpression' && isPure(object, names) && isDescribed(object, names)) return true
  if (object.type === 'MemberExpression' && isDescribed(object, names)) return true
  const isPlain = [
    'ArrayExpression',
    'Literal',
    'TemplateLiteral',
    'Identifier',
    'MemberExpression',
    'CallExpression',
  ].includes(object.type)
  if (!isPlain || !readingMethods.has(method) || !isPure(object, names)) return false
  return areCallbacksPure(node, names)
}

/** What a call is given is called at once: functions of unknown bodies may do anything. */
function areCallbacksPure(node: AnyNode, names: Describing): boolean {
  const isFirstCalled = isCallingMethod(node)
  return (node['arguments'] as AnyNode[]).every((argument, at) => {
    if (/Function/.test(argument.type)) return isPureFunction(argument, names)
    return argument.type !== 'Identifier' || names.has(argument.name) || (at === 0 && !isFirstCalled)
  })
}

/** Whether a method of lists is called that calls what it is given. */
function isCallingMethod(node: AnyNode): boolean {
  const callee = node['callee'] as { readonly property?: { readonly name?: string } }
  return /^(?:every|filter|find|findIndex|findLast|findLastIndex|flatMap|forEach|map|reduce|reduceRight|some|toSorted)$/.test(
    callee.property?.name ?? '',
  )
}

/** Whether a chain of calls and members begins with a name that describes. */
function isDescribed(node: AnyNode, names: Describing): boolean {
  let at = strip(node)
  for (;;) {
    if (at.type === 'Identifier') return names.has(at.name)
    if (at.type === 'CallExpression') at = strip(at.callee as AnyNode)
    else if (at.type === 'MemberExpression') at = strip(at.object as AnyNode)
    else return false
  }
}

function strip(node: AnyNode): AnyNode {
  let at = node
  while (
    /^(?:Parenthesized|TSAs|TSSatisfies|TSNonNull|TSInstantiation)Expression$|^ChainExpression$/.test(at.type)
  )
    at = (at as unknown as { expression: AnyNode }).expression
  return at
}

/** Whether a class changes nothing by being declared. */
export function isPureClass(node: AnyNode, names: Describing): boolean {
  const { superClass, body, decorators } = node as unknown as {
    superClass: AnyNode | null
    body: { body: readonly AnyNode[] }
    decorators: readonly unknown[]
  }
  if (decorators.length > 0 || (superClass !== null && !isPure(superClass, names))) return false
  return body.body.every((member) => {
    if (isErased(member)) return true
    if (member.type === 'StaticBlock') return false
    const {
      key,
      value,
      computed,
      decorators: own = [],
    } = member as unknown as {
      key: AnyNode
      value: AnyNode | null
      computed: boolean
      decorators?: readonly unknown[]
    }
    if (own.length > 0 || (computed && !isPure(key, names))) return false
    const isField = member.type === 'PropertyDefinition' && member.static
    return !isField || value === null || isPure(value, names)
  })
}

/** Whether calling a function does nothing but make a value: it declares constants and returns. */
export function isPureFunction(node: AnyNode, names: Describing): boolean {
  const {
    params,
    body,
    async: isAsync,
    generator,
  } = node as unknown as {
    params: readonly AnyNode[]
    body: AnyNode | null
    async: boolean
    generator: boolean
  }
  if (body === null || isAsync || generator) return false
  if (!params.every((parameter) => isPurePattern(parameter, names))) return false
  if (body.type !== 'BlockStatement') return isPure(body, names)
  return (body.body as unknown as readonly AnyNode[]).every((statement) => {
    switch (statement.type) {
      case 'FunctionDeclaration':
      case 'EmptyStatement':
        return true
      case 'ReturnStatement':
        return statement.argument === null || isPure(statement.argument as AnyNode, names)
      case 'VariableDeclaration':
        return statement.declarations.every(
          ({ id, init }) =>
            isPurePattern(id as AnyNode, names) && (init === null || isPure(init as AnyNode, names)),
        )
      default:
        return isErased(statement)
    }
  })
}

/** Whether taking a value apart does nothing else: defaults and computed keys are told by the code. */
export function isPurePattern(node: AnyNode, names: Describing): boolean {
  switch (node.type) {
    case 'Identifier':
      return true
    case 'AssignmentPattern':
      return isPurePattern(node.left as AnyNode, names) && isPure(node.right as AnyNode, names)
    case 'ArrayPattern':
      return node.elements.every((element) => element === null || isPurePattern(element as AnyNode, names))
    case 'ObjectPattern':
      return node.properties.every((property) =>
        property.type === 'Property'
          ? (!property.computed || isPure(property.key as AnyNode, names)) &&
            isPurePattern(property.value as AnyNode, names)
          : isPurePattern(property as AnyNode, names),
      )
    case 'RestElement':
      return isPurePattern(node.argument as AnyNode, names)
    default:
      return false
  }
}

/** Whether a statement is an enum whose members are told by its code. */
export function isPureEnum(node: AnyNode, names: Describing): boolean {
  if (node.type !== 'TSEnumDeclaration') return false
  return node.body.members.every(
    ({ initializer }) => initializer === null || isPure(initializer as AnyNode, names),
  )
}
