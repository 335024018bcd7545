import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { packageClosure } from '../../src/code/packages.ts'
import { tempFolder } from '../workspace/temp.ts'

type Files = Readonly<Record<string, string>>

function manifest(name: string, version: string, more: object = {}): string {
  return JSON.stringify({ name, version, ...more })
}

async function versionsOf(files: Files, from: readonly string[]): Promise<Readonly<Record<string, string>>> {
  const root = await tempFolder()
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), text)
  }
  return packageClosure(from.map((name) => join(root, 'node_modules', name))).versions
}

const base: Files = {
  'node_modules/a/package.json': manifest('a', '1.0.0', {
    dependencies: { b: '*' },
    peerDependencies: { '@s/p': '*' },
    optionalDependencies: { none: '*' },
  }),
  'node_modules/b/package.json': manifest('b', '2.0.0', { dependencies: { c: '*', a: '*' } }),
  'node_modules/b/node_modules/c/package.json': manifest('c', '3.0.0'),
  'node_modules/c/package.json': manifest('c', '4.0.0'),
  'node_modules/@s/p/package.json': manifest('@s/p', '5.0.0'),
  'node_modules/other/package.json': manifest('other', '6.0.0'),
}

describe('the closure of a package', () => {
  test('has what its dependencies resolve to, and nothing else; cycles are no matter', async () => {
    const all = { a: '1.0.0', b: '2.0.0', c: '3.0.0', '@s/p': '5.0.0' }
    expect(await versionsOf(base, ['a'])).toEqual(all)
    expect(await versionsOf(base, ['a', 'c'])).toEqual({ ...all, c: '3.0.0, 4.0.0' })
  })

  test('tells builds of one version apart that are not of a registry', async () => {
    const record = (resolved: string): Files => ({
      ...base,
      'node_modules/.package-lock.json': JSON.stringify({ packages: { 'node_modules/c': { resolved } } }),
    })
    const plain = 'https://mirror.example/c/-/c-4.0.0.tgz'
    expect(await versionsOf(record(plain), ['c'])).toEqual({ c: '4.0.0' })
    expect(await versionsOf(record('git+ssh://git@host/c.git#abc'), ['c'])).toEqual({ c: '4.0.0 (abc)' })
  })

  test('counts patches that are kept in the project', async () => {
    const patched = await versionsOf({ ...base, 'patches/c+4.0.0.patch': 'x' }, ['c'])
    expect(patched['c']).toMatch(/^4\.0\.0 \(patch sha256:/)
    expect(await versionsOf({ ...base, 'patches/c+4.0.0.patch': 'y' }, ['c'])).not.toEqual(patched)
    expect(await versionsOf({ ...base, 'patches/cc+4.0.0.patch': 'y' }, ['c'])).toEqual({ c: '4.0.0' })
  })

  test('counts a package without a manifest or a version by its bytes', async () => {
    const bare = (text: string): Files => ({ ...base, 'node_modules/bare/lib/i.js': text })
    const { bare: digest } = await versionsOf(bare('1'), ['bare'])
    expect(digest).toMatch(/^bytes sha256:/)
    expect(await versionsOf(bare('1'), ['bare'])).toEqual({ bare: digest })
    expect(await versionsOf(bare('2'), ['bare'])).not.toEqual({ bare: digest })
  })

  test('follows the links of pnpm, and counts a linked folder by its bytes', async () => {
    const root = await tempFolder()
    const store = join(root, 'node_modules/.pnpm')
    const put = async (path: string, text: string): Promise<void> => {
      await mkdir(dirname(path), { recursive: true })
      await writeFile(path, text)
    }
    await put(
      join(store, 'a@1.0.0/node_modules/a/package.json'),
      manifest('a', '1.0.0', { dependencies: { b: '*', linked: '*' } }),
    )
    await put(join(store, 'b@2.0.0_patch_hash=ff/node_modules/b/package.json'), manifest('b', '2.0.0'))
    await put(join(root, 'packages/linked/package.json'), manifest('linked', '1.0.0'))
    await put(join(root, 'packages/linked/i.js'), '1')
    const beside = join(store, 'a@1.0.0/node_modules')
    await symlink(join(store, 'b@2.0.0_patch_hash=ff/node_modules/b'), join(beside, 'b'))
    await symlink(join(root, 'packages/linked'), join(beside, 'linked'))
    const read = (): Readonly<Record<string, string>> => packageClosure([join(beside, 'a')]).versions
    const before = read()
    expect(before).toEqual({
      a: '1.0.0',
      b: '2.0.0 (patch_hash=ff)',
      linked: expect.stringMatching(/^bytes sha256:/) as string,
    })
    await put(join(root, 'packages/linked/i.js'), '2')
    expect(read()).not.toEqual(before)
  })
})
