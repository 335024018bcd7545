import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { stepCode } from '../../src/code/step-digest.ts'
import { tempFolder } from '../workspace/temp.ts'

async function codeOf(files: Readonly<Record<string, string>>): Promise<string> {
  const root = await tempFolder()
  const all = {
    'node_modules/zod/package.json': '{"name":"zod","version":"4.0.0","main":"i.js"}',
    'node_modules/zod/i.js': '',
    ...files,
  }
  for (const [path, text] of Object.entries(all)) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), text)
  }
  const processStart = Date.now() + 3_600_000
  const code = await stepCode({ name: 'train', module: join(root, 'steps.ts') }, { root, processStart })
  return code.cacheable ? code.digest : code.reason
}

const head = "import { defineStep, table } from 'pipewright'\nimport { z } from 'zod'\n"
const step = (imports: string, input: string, more = ''): string =>
  `${head}${imports}\n${more}\nexport const train = defineStep({ name: 'train', inputs: { rows: ${input} }, run: () => 1 })`

const schemas = `${head}export const Row = z.object({ x: z.number() })
export default Row
export const rowsOf = (shape: object) => table(z.object(shape))
export const noisy = (shape: object) => { register(shape); return z.object(shape) }
export let Changing = z.object({})
`

describe('a step that builds on schemas of another module is told by its code', () => {
  test.each<[string, string]>([
    [
      'a method of a schema',
      step("import { Row } from './schemas.ts'", 'table(Row.extend({ y: z.number() }))'),
    ],
    ['under another name', step("import { Row as R } from './schemas.ts'", 'R.array()')],
    ['the default export', step("import R from './schemas.ts'", 'R.partial()')],
    ['through a barrel', step("import { Row } from './barrel.ts'", 'Row.array()')],
    [
      'a schema made of one',
      step("import { Row } from './schemas.ts'", 'Wide', 'const Wide = Row.extend({ y: z.number() })'),
    ],
    ['made two modules further', step("import { Wide } from './wide.ts'", 'Wide.array()')],
    [
      'a function that only makes a value',
      step("import { rowsOf } from './schemas.ts'", 'rowsOf({ x: z.number() })'),
    ],
  ])('%s', async (_what, text) => {
    const files = {
      'steps.ts': text,
      'schemas.ts': schemas,
      'barrel.ts': "export * from './schemas.ts'",
      'wide.ts': `${head}import { Row } from './schemas.ts'\nexport const Wide = Row.extend({ y: z.number() })`,
    }
    const base = await codeOf(files)
    expect(base).toMatch(/^sha256:/)
    const edited = schemas
      .replace('x: z.number()', 'x: z.number().min(0)')
      .replace('table(z.object(', 'table(z.strictObject(')
    expect(await codeOf({ ...files, 'schemas.ts': edited })).not.toBe(base)
  })

  test.each<[string, string]>([
    ['a function that may do anything', step("import { noisy } from './schemas.ts'", 'noisy({})')],
    ['modules that import each other', step("import { Row } from './a.ts'", 'Row.array()')],
    ['what is no schema', step("import { Row } from './other.ts'", 'Row.array()')],
  ])('not %s', async (_what, text) => {
    expect(
      await codeOf({
        'steps.ts': text,
        'schemas.ts': schemas,
        'a.ts': "import { B } from './b.ts'\nexport const Row = B.extend({})",
        'b.ts': "import { Row } from './a.ts'\nexport const B = Row.extend({})",
        'other.ts': 'export const Row = connect()',
      }),
    ).toContain('its definition calls what may do anything')
  })
})
