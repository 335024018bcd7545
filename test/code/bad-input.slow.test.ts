import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { stepCode, type StepCode } from '../../src/code/step-digest.ts'
import { tempFolder } from '../workspace/temp.ts'

type Files = Readonly<Record<string, string>>

const processStart = Date.now() + 3_600_000

async function project(files: Files): Promise<string> {
  const root = await tempFolder()
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), text)
  }
  return root
}

function codeIn(root: string): Promise<StepCode> {
  return stepCode({ name: 'train', module: join(root, 'steps.ts') }, { root, processStart })
}

async function codeOf(files: Files): Promise<StepCode> {
  return codeIn(await project(files))
}

/** The digest after an edit of one file, beside the one before it. */
async function both(files: Files, path: string, from: string, to: string): Promise<[StepCode, StepCode]> {
  expect(files[path]).toContain(from)
  return [await codeOf(files), await codeOf({ ...files, [path]: files[path]!.replace(from, to) })]
}

function digest(code: StepCode): string {
  if (!code.cacheable) throw new Error(code.reason)
  return code.digest
}

const step = (imports: string, run: string): string =>
  `import { defineStep } from 'pipewright'\n${imports}\nexport const train = defineStep({ name: 'train', run: () => ${run} })\n`

describe('what cannot be told apart counts as a whole, and is named', () => {
  test.each<[string, string, string]>([
    ['a module with eval', 'help.ts', "export const help = () => 1\nexport const other = () => eval('2')\n"],
    ['a CommonJS module', 'help.cjs', 'exports.help = () => 1\nexports.other = () => 2\n'],
  ])('%s', async (_what, path, text) => {
    const files = { 'steps.ts': step(`import { help } from './${path}'`, 'help()'), [path]: text }
    const [before, after] = await both(files, path, '2', '3')
    expect(before.cacheable && before.wide).toEqual([path])
    expect(digest(after)).not.toBe(digest(before))
  })

  test('a package without a package.json', async () => {
    const path = 'node_modules/bare/lib/help.js'
    const files = {
      'steps.ts': step("import { help } from 'bare/lib/help.js'", 'help()'),
      [path]: 'export const help = () => 1\nexport const other = () => 2\n',
    }
    const [before, after] = await both(files, path, '2', '3')
    expect(before.cacheable && before.wide).toEqual(['bare'])
    expect(digest(after)).not.toBe(digest(before))
  })
})

describe('what is told apart all the same', () => {
  test('a package that is linked: its source counts, by what is reached', async () => {
    const code = async (help: string, other: string): Promise<StepCode> => {
      const root = await project({
        'steps.ts': step("import { help } from 'linked'", 'help()'),
        'packages/linked/package.json': '{"name":"linked","type":"module","exports":"./index.ts"}',
        'packages/linked/index.ts': `export const help = () => ${help}\nexport const other = () => ${other}\n`,
      })
      await mkdir(join(root, 'node_modules'))
      await symlink(join(root, 'packages/linked'), join(root, 'node_modules/linked'))
      return codeIn(root)
    }
    const before = digest(await code('1', '2'))
    expect(digest(await code('1', '3'))).toBe(before)
    expect(digest(await code('3', '2'))).not.toBe(before)
  })

  test('modules that import each other', async () => {
    const files = {
      'steps.ts': step("import { even } from './even.ts'", 'even(4)'),
      'even.ts': "import { odd } from './odd.ts'\nexport const even = (n) => n === 0 || odd(n - 1)\n",
      'odd.ts': "import { even } from './even.ts'\nexport const odd = (n) => n !== 0 && even(n - 1)\n",
    }
    const [before, after] = await both(files, 'odd.ts', 'n !== 0', 'n > 0')
    expect(digest(after)).not.toBe(digest(before))
  })

  test('a module of 5 MB', async () => {
    const many = Array.from(
      { length: 60_000 },
      (_, at) => `export const f${at} = (n) => n * ${at} + f${at + 1}(n)\n`,
    )
    const text = `${many.join('')}export const f60000 = (n) => n\n/* ${' '.repeat(2_000_000)} */\n`
    expect(text.length).toBeGreaterThan(5_000_000)
    const files = { 'steps.ts': step("import { f59990 } from './large.ts'", 'f59990(1)'), 'large.ts': text }
    const [before, after] = await both(files, 'large.ts', 'n * 59995 +', 'n * 59995 -')
    expect(digest(after)).not.toBe(digest(before))
    const [, unrelated] = await both(files, 'large.ts', 'n * 5 +', 'n * 5 -')
    expect(digest(unrelated)).toBe(digest(before))
  }, 60_000)
})

describe('what cannot be told makes a step uncacheable, by name', () => {
  test.each<[string, Files, string]>([
    [
      'syntax that the parser does not know',
      { 'steps.ts': step('', '1 |> 2') },
      'steps.ts:3: cannot be parsed',
    ],
    [
      'syntax that the parser does not know, in a module that is reached',
      { 'steps.ts': step("import { help } from './help.ts'", 'help()'), 'help.ts': 'export const help = ??' },
      'help.ts:1: cannot be parsed',
    ],
    [
      'a binding that functions give other values',
      { 'steps.ts': step('let n = 0\nexport const next = () => { n += 1 }', 'n') },
      "steps.ts: 'n' is given other values while it runs",
    ],
    [
      'a live object, where nothing can be read',
      { 'steps.ts': step('const client = connect()', 'client.get()') },
      "steps.ts: what 'client' is cannot be told from its code",
    ],
    [
      'what a top-level await gives, where nothing can be read',
      { 'steps.ts': step('const config = await load()', 'config.rate') },
      "steps.ts: what 'config' is cannot be told from its code",
    ],
  ])('%s', async (_what, files, reason) => {
    const code = await codeOf(files)
    expect(code.cacheable ? 'cacheable' : code.reason).toContain(reason)
  })

  test('code without a file, and one that is not there', async () => {
    const root = await tempFolder()
    const reason = async (module: string | undefined): Promise<string> => {
      const code = await stepCode({ name: 'train', module }, { root, processStart })
      return code.cacheable ? 'cacheable' : code.reason
    }
    expect(await reason(undefined)).toContain('its module is not known')
    expect(await reason(join(root, 'gone.ts'))).toContain('cannot be read')
  })
})
