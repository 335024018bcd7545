import { writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { createJiti } from 'jiti'
import { expect, test } from 'vitest'
import { errorPlace } from '../../src/workspace/load-error.ts'
import { tempFolder } from './temp.ts'

/** What the loader of TypeScript on older versions of Node throws. */
async function thrownByJiti(file: string): Promise<unknown> {
  return createJiti(import.meta.url, { sourceMaps: true })
    .import(file)
    .then(
      () => undefined,
      (error: unknown) => error,
    )
}

test.each([
  ['a syntax error', 'export const a: number =\n  1 +\n\n}\n', ':4:1'],
  ['a comma that is missing', 'export default {\n  a: 2\n  b: 3,\n}\n', ':3:3'],
  ['what is thrown', 'interface A {\n  a: string\n}\nexport const a: A = (undefined as any).a\n', ':4:'],
])('%s has its line and column, also where another module imports it', async (_name, text, place) => {
  const folder = await tempFolder()
  const [file, importing] = [join(folder, 'pipeline.ts'), join(folder, 'importing.ts')]
  await writeFile(file, text)
  await writeFile(importing, "import './pipeline.ts'\n")
  const there = relative(process.cwd(), file).startsWith('..') ? file : relative(process.cwd(), file)
  for (const each of [file, importing])
    expect(await errorPlace(await thrownByJiti(each), each)).toContain(`${there}${place}`)
})
