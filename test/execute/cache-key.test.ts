import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { sha256 } from '../../src/internal/digest.ts'
import {
  cacheKey,
  cacheKeyFormat,
  inputDigests,
  keyComponents,
  type KeyComponents,
} from '../../src/execute/cache-key.ts'
import type { StepDeclaration } from '../../src/plan/document.ts'
import { json } from 'pipewright'
import { z } from 'zod'

const cases = [
  { n: 1 },
  { n: 1.5, big: 1e21, small: 1e-7, tiny: 5e-324, tenth: 0.000001, negative: -1.25e-9 },
  { text: 'é€😀\u2028"\\\n\u0001', '😀': 1, '\uffff': 2, é: 3, e: 4 },
  { list: [1, [true, null, 'x'], { b: 1, a: [] }], empty: {} },
]

test('an implementation in another language gives the same keys', async () => {
  const wanted: string[] = []
  const given: object[] = []
  for (const [at, inputs] of cases.entries()) {
    const declaration: StepDeclaration = {
      name: `schritt-${at}-ä`,
      inputs: {},
      outputs: {},
      env: ['PIPEWRIGHT_NOT_SET'],
      ...(at === 1 ? { salt: 'ß', version: '2' } : {}),
    }
    const values = Object.fromEntries(Object.entries(inputs).map(([name, value]) => [name, { value }]))
    const kinds = Object.fromEntries(Object.keys(inputs).map((name) => [name, json(z.any())]))
    const plain = { load: ({ value }: { value: unknown }) => Promise.resolve(value) }
    const digests = await inputDigests(values as never, kinds as never, plain as never)
    const components = keyComponents(declaration, sha256('code'), digests)
    wanted.push(cacheKey(components))
    given.push({ key: components, inputs })
  }
  const program = fileURLToPath(new URL('cache-key.py', import.meta.url))
  const printed = execFileSync('python3', [program], { input: JSON.stringify(given), encoding: 'utf8' })
  expect(printed.trim().split('\n')).toEqual(wanted)
})

test('the key of the page', () => {
  const page = readFileSync(new URL('../../docs/cache.md', import.meta.url), 'utf8')
  const components = JSON.parse(/```json\n([^]*?)```/.exec(page)![1]!) as KeyComponents
  expect(components.format).toBe(cacheKeyFormat)
  expect(page).toContain(`has the key \`${cacheKey(components)}\``)
})
