import { canonicalJson } from '../internal/canonical.ts'
import { sha256, type Digest } from '../internal/digest.ts'
import { own } from '../internal/own.ts'
import { itemKind } from '../artifact/list.ts'
import type { Kind } from '../artifact/kind.ts'
import type { Kinds } from '../define/spec.ts'
import type { StepDeclaration } from '../plan/document.ts'
import type { Value, Values } from '../record/event.ts'
import type { JsonValues } from './json-values.ts'

/** Raised whenever a key is composed differently, or a codec or reader changes what it yields. */
export const cacheKeyFormat = 3

/** What a cache key is made of: nothing that names a run, a node, a path or a machine. */
export interface KeyComponents {
  readonly format: number
  readonly step: string
  readonly version: string | null
  readonly code: Digest
  /** The declared inputs and outputs: a `version` stands for the code, not for these. */
  readonly declares: Digest
  /** The content digest of each input that was given, without those that the step ignores. */
  readonly inputs: Readonly<Record<string, string>>
  /** The digests of declared environment variables; null for one that is not set. */
  readonly env: Readonly<Record<string, Digest | null>>
  /** The digest of what the step's fingerprint gave, as canonical JSON. */
  readonly fingerprint: Digest | null
  readonly salt: string | null
  /** The major version of Node. */
  readonly node: string
}

const nodeMajor = process.versions.node.split('.')[0]!

async function inputDigest(
  value: Value,
  kind: Kind<unknown, never>,
  json: JsonValues,
): Promise<string | undefined> {
  if ('absent' in value) return undefined
  if (kind.name === 'json') {
    // A stored json value without a pick needs no loading: its bytes are canonical.
    if ('artifact' in value && value.pick === undefined && value.artifact.kind === 'json')
      return `json ${value.artifact.digest}`
    const data = await json.load(value)
    return data === undefined ? undefined : `json ${dataDigest(data)}`
  }
  if ('artifact' in value) return `${value.artifact.kind} ${value.artifact.digest}`
  if ('list' in value) {
    const item = itemKind(kind) ?? kind
    const items: (string | null)[] = []
    for (const element of value.list) items.push((await inputDigest(element, item, json)) ?? null)
    return `list ${sha256(canonicalJson(items))}`
  }
  return `json ${dataDigest(value.value)}`
}

/** Gathered lists may hold undefined (an item that was skipped); JSON text has no such value, so items are boxed. */
function dataDigest(data: unknown): Digest {
  if (!lacksItems(data)) return sha256(canonicalJson(data, { nonFinite: true }))
  return sha256(`gathered ${canonicalJson(boxed(data), { nonFinite: true })}`)
}

function lacksItems(data: unknown): boolean {
  return Array.isArray(data) && data.some((item: unknown) => item === undefined || lacksItems(item))
}

function boxed(data: unknown): unknown {
  return Array.isArray(data) ? data.map((item: unknown) => (item === undefined ? [] : [boxed(item)])) : data
}

/** The content digest of each input that was given. */
export async function inputDigests(
  values: Values,
  kinds: Kinds,
  json: JsonValues,
): Promise<Readonly<Record<string, string>>> {
  const digests: Record<string, string> = {}
  for (const name in values) {
    const digest = await inputDigest(values[name]!, kinds[name]!, json)
    if (digest !== undefined) digests[name] = digest
  }
  return digests
}

/** The components of the key of a step on given inputs. */
export function keyComponents(
  step: StepDeclaration,
  code: Digest,
  inputs: Readonly<Record<string, string>>,
  fingerprint?: string,
): KeyComponents {
  return {
    format: cacheKeyFormat,
    step: step.name,
    version: step.version ?? null,
    code,
    declares: declarationDigest(step),
    inputs: keyed(inputs, step.ignore),
    env: environment(step.env),
    fingerprint: fingerprint === undefined ? null : sha256(fingerprint),
    salt: step.salt ?? null,
    node: nodeMajor,
  }
}

function keyed(
  inputs: Readonly<Record<string, string>>,
  ignored: readonly string[] = [],
): Readonly<Record<string, string>> {
  if (ignored.length === 0) return inputs
  return Object.fromEntries(Object.entries(inputs).filter(([name]) => !ignored.includes(name)))
}

/** A value that is secret is in no key as it is. */
function environment(names: readonly string[] = []): Record<string, Digest | null> {
  return Object.fromEntries(
    names.map((name) => {
      const value = own(process.env, name)
      return [name, value === undefined ? null : sha256(value)]
    }),
  )
}

const declarations = new WeakMap<StepDeclaration, Digest>()

function declarationDigest(step: StepDeclaration): Digest {
  let digest = declarations.get(step)
  if (digest === undefined) {
    const { inputs, outputs, secrets } = step
    // Which secrets it reads, not what they are.
    digest = sha256(canonicalJson({ inputs, outputs, secrets }))
    declarations.set(step, digest)
  }
  return digest
}

/** The cache key: SHA-256 over the canonical JSON of its components. */
export function cacheKey(components: KeyComponents): Digest {
  return sha256(canonicalJson(components))
}
