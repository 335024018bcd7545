import type { Json } from '../../../internal/json.ts'
import type { PageCurve, PageData, PageNode, PageState } from '../../page-data.ts'

const byNumber = new Intl.Collator('en', { numeric: true })

/** What fits into a cell. */
type Plain = string | number | boolean

/** The nodes of one step with what they were given and what they came to. */
export interface StepFigures {
  readonly step: string
  readonly nodes: readonly {
    readonly path: string
    readonly state: PageState
    /** Parameters and plain inputs that are not the same in all of these nodes. */
    readonly settings: ReadonlyMap<string, Plain>
    readonly numbers: ReadonlyMap<string, number>
    readonly curves: readonly PageCurve[]
  }[]
}

/** JSON has no such numbers: metrics are stored with these texts, and the page's own come as null. */
const notFinite: ReadonlySet<unknown> = new Set(['NaN', 'Infinity', '-Infinity'])

function numberOf(value: unknown): number {
  return value === null ? Number.NaN : Number(value)
}

/** The metrics of a node; where it has given no result, those of its last attempt that has some. */
export function metricsOf({ metrics, attempts = [] }: PageNode): PageNode['metrics'] {
  return metrics ?? attempts.findLast((attempt) => attempt.metrics !== undefined)?.metrics
}

/** The numbers of a node: those of its metrics outputs, and of `ctx.metric`. */
function numbersOf(node: PageNode, { artifacts }: PageData): Map<string, number> {
  const { outputs = [] } = node
  const numbers = new Map(
    Object.entries(metricsOf(node) ?? {}).map(([name, { last }]) => [name, numberOf(last)]),
  )
  for (const [, value] of outputs) {
    const artifact = 'artifact' in value ? artifacts[value.artifact] : undefined
    if (artifact?.kind !== 'metrics' || artifact.preview.type !== 'json') continue
    const record = JSON.parse(artifact.preview.text) as Readonly<Record<string, unknown>>
    for (const [name, number] of Object.entries(record))
      if (typeof number === 'number' || notFinite.has(number)) numbers.set(name, numberOf(number))
  }
  return numbers
}

function isPlain(value: Json | undefined): value is Plain {
  return ['string', 'number', 'boolean'].includes(typeof value)
}

function settingsOf({ inputs = [], params, attempts = [] }: PageNode): Map<string, Plain> {
  const settings = new Map<string, Plain>()
  for (const [name, value] of inputs)
    if ('json' in value && isPlain(value.json)) settings.set(name, value.json)
  for (const [name, value] of Object.entries(params ?? attempts.at(-1)?.params ?? {}))
    if (isPlain(value)) settings.set(name, value)
  return settings
}

/** The curves of a node, of its last attempt that has some. */
export function curvesOf({ attempts = [], madeLog }: PageNode, { logs }: PageData): readonly PageCurve[] {
  for (const log of [...attempts.map(({ log }) => log).reverse(), madeLog]) {
    const curves = log === undefined ? undefined : logs[log]?.curves
    if (curves !== undefined && curves.length > 0) return curves
  }
  return []
}

/** What nodes have come to, by their steps; nodes that tell no numbers are left out. */
export function figuresOf(nodes: readonly PageNode[], data: PageData): readonly StepFigures[] {
  const steps = new Map<string, PageNode[]>()
  for (const node of nodes) {
    if (node.step === null) continue
    const known = steps.get(node.step)
    if (known === undefined) steps.set(node.step, [node])
    else known.push(node)
  }
  return [...steps].flatMap(([step, own]) => {
    const rows = own
      .toSorted((a, b) => byNumber.compare(a.path, b.path))
      .map((node) => ({
        path: node.path,
        state: node.state,
        settings: settingsOf(node),
        numbers: numbersOf(node, data),
        curves: curvesOf(node, data),
      }))
      .filter(({ numbers }) => numbers.size > 0)
    const names = new Set(rows.flatMap(({ settings }) => [...settings.keys()]))
    for (const name of names) {
      if (new Set(rows.map(({ settings }) => settings.get(name))).size > 1) continue
      for (const { settings } of rows) settings.delete(name)
    }
    return rows.length === 0 ? [] : [{ step, nodes: rows }]
  })
}
