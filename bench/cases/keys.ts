import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stepCode } from '../../src/code/step-digest.ts'
import { cacheKey, keyComponents } from '../../src/execute/cache-key.ts'
import { sha256 } from '../../src/internal/digest.ts'
import { openConnection } from '../../src/record/sqlite/open.ts'
import { openSqliteMetadata } from '../../src/record/sqlite/store.ts'
import { fastest, once, type Figure } from '../measure.ts'
import { withFolder } from '../workspace.ts'

const modules = 300
const entries = 1_000_000

/** A project of 300 modules of some forty lines; its one step reaches a chain of fifty of them. */
async function project(root: string): Promise<string> {
  await mkdir(join(root, 'src'))
  for (let i = 0; i < modules; i++) {
    const next = i + 1 < modules ? `import { f${i + 1} } from './m${i + 1}.ts'\n` : ''
    const call = i < 50 ? `f${i + 1}(x)` : 'x'
    const functions = Array.from(
      { length: 8 },
      (_, k) => `/** Scales. */\nfunction g${k}(x: number): number {\n  return x * ${k}\n}\n`,
    )
    const text = `${next}${functions.join('\n')}\nexport const f${i} = (x: number): number => g${i % 8}(${call})\nexport const other${i} = () => f${Math.min(i + 1, modules - 1)}\n`
    await writeFile(join(root, 'src', `m${i}.ts`), text)
  }
  const module = join(root, 'src', 'steps.ts')
  await writeFile(
    module,
    "import { f0 } from './m0.ts'\nexport const step = defineStep({ name: 'step', run: () => f0(1) })\n",
  )
  return module
}

/** What finding out costs whether a step has to run. */
export function keys(): Promise<Figure[]> {
  return withFolder(async (root) => {
    const module = await project(root)
    const request = { name: 'step', module }
    const settings = { root, processStart: Date.now() + 60_000 }
    const cold = await once(() => stepCode(request, settings))
    const warm = await fastest(5, () => stepCode(request, settings))

    const inputs = Object.fromEntries(
      Array.from({ length: 50 }, (_, i) => [`input-${i}`, `json ${sha256(String(i))}`]),
    )
    const declaration = { name: 'step', inputs: {}, outputs: {} }
    const key = await fastest(5, () => {
      for (let i = 0; i < 1_000; i++) cacheKey(keyComponents(declaration, sha256('code'), inputs))
    })

    const path = join(root, 'metadata.sqlite')
    await (await openSqliteMetadata(path)).close()
    const database = await openConnection(path)
    database.exec('begin')
    const event = database.prepare(
      "insert into events (run, at, type, node, format, data) values ('r', 0, 'node.succeeded', 'n', 1, ?)",
    )
    const data = JSON.stringify({ type: 'node.succeeded', node: 'n', outputs: {}, key: null })
    event.run([data])
    const entry = database.prepare('insert into cache_entries (key, event) values (?, 1)')
    const digests = Array.from({ length: entries }, (_, i) => sha256(String(i)))
    for (const digest of digests) entry.run([digest])
    database.exec('commit')
    database.close()
    const metadata = await openSqliteMetadata(path)
    const lookups = await fastest(3, async () => {
      for (let i = 0; i < 1_000; i++) await metadata.cached(digests[(i * 7_919) % entries]!)
    })
    await metadata.close()
    return [
      { name: 'code digest in a project of 300 modules, cold', value: cold, unit: 'ms', budget: '<= 300 ms' },
      { name: 'the same again', value: warm, unit: 'ms' },
      { name: 'cache key of a step with 50 inputs', value: key, unit: 'µs' },
      { name: 'look-up among 1,000,000 entries', value: lookups, unit: 'µs' },
    ]
  })
}
