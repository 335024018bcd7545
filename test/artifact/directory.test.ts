import { chmod, mkdir, readdir, readFile, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { directory } from 'pipewright'
import { describe, expect, test } from 'vitest'
import { memoryStore } from '../../src/store/memory-store.ts'
import { tempFolder } from '../workspace/temp.ts'
import { bench } from './support.ts'

async function fill(root: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), content)
  }
}

describe('directories', () => {
  test('are their files: paths, content and the executable bit', async () => {
    const { workdir, encode, decode } = await bench()
    const make = async (name: string): Promise<string> => {
      const root = join(workdir, name)
      await fill(root, { 'b/x.txt': 'x', 'a.sh': 'run', 'a/z': '', 'a.b': 'x', '..odd': 'dots' })
      await chmod(join(root, 'a.sh'), 0o755)
      await symlink(join(root, 'a.sh'), join(root, 'inside'))
      await symlink(join(root, 'b'), join(root, 'twin'))
      return root
    }
    const one = await encode(directory(), await make('one'))
    expect(one).toMatchObject({ kind: 'directory', meta: { files: 7, bytes: 13 } })
    expect(one.parts).toHaveLength(4)
    const two = await make('two')
    await mkdir(join(two, 'b', 'empty'))
    await utimes(join(two, 'a.sh'), 1, 1)
    expect((await encode(directory(), two)).digest).toBe(one.digest)

    const handle = await decode(directory(), one, 'images')
    expect((await handle.files()).map(({ path, size, executable }) => [path, size, executable])).toEqual([
      ['..odd', 4, false],
      ['a.b', 1, false],
      ['a.sh', 3, true],
      ['a/z', 0, false],
      ['b/x.txt', 1, false],
      ['inside', 3, true],
      ['twin/x.txt', 1, false],
    ])
    const copy = await handle.path()
    expect(await handle.path()).toBe(copy)
    expect(basename(copy)).toBe('images')
    expect((await readdir(copy)).toSorted()).toEqual(['..odd', 'a', 'a.b', 'a.sh', 'b', 'inside', 'twin'])
    expect(await readFile(join(copy, 'b', 'x.txt'), 'utf8')).toBe('x')
    expect((await stat(join(copy, 'a.sh'))).mode & 0o111).not.toBe(0)
    expect((await stat(join(copy, 'a.b'))).mode & 0o111).toBe(0)
    expect((await encode(directory(), handle)).digest).toBe(one.digest)
  })

  test('another bit, name, content or file is another directory', async () => {
    const { workdir, encode } = await bench()
    const root = join(workdir, 'd')
    await fill(root, { a: 'x', b: 'y' })
    const digests = [(await encode(directory(), root)).digest]
    await chmod(join(root, 'a'), 0o755)
    digests.push((await encode(directory(), root)).digest)
    await fill(root, { b: 'z' })
    digests.push((await encode(directory(), root)).digest)
    await fill(root, { c: '' })
    digests.push((await encode(directory(), root)).digest)
    await fill(join(workdir, 'e'), { a: 'x', bb: 'y' })
    digests.push((await encode(directory(), join(workdir, 'e'))).digest)
    expect(new Set(digests).size).toBe(5)
  })

  test('an empty one is one, and the step’s own folder may be one', async () => {
    const { workdir, pass } = await bench()
    await mkdir(join(workdir, 'empty'))
    const handle = await pass(directory(), 'empty')
    expect(await handle.files()).toEqual([])
    expect(await readdir(await handle.path())).toEqual([])
    expect(await (await pass(directory(), workdir)).files()).toEqual([])
  })

  test('a link that leads out, nowhere, or round in a circle', async () => {
    const { workdir, encode } = await bench()
    const outside = await tempFolder()
    await fill(outside, { secret: 'x' })
    for (const [name, target, message] of [
      ['file', join(outside, 'secret'), 'the link sub/file leads out of the directory'],
      ['folder', outside, 'the link sub/folder leads out of the directory'],
      ['beside', workdir, 'the link sub/beside leads out of the directory'],
      ['nowhere', join(outside, 'nothing'), 'the link sub/nowhere leads nowhere'],
      ['loop', '..', 'the link sub/loop leads back to a folder above it'],
    ] as const) {
      const root = join(workdir, `d-${name}`)
      await mkdir(join(root, 'sub'), { recursive: true })
      await symlink(target, join(root, 'sub', name))
      const encoding = encode(directory(), root)
      await expect(encoding).rejects.toMatchObject({
        code: 'OUTPUT_INVALID',
        details: { path: `sub/${name}` },
      })
      await expect(encoding).rejects.toThrow(message)
    }
  })

  test.each(['../victim', 'a/../../victim', '..'])(
    'one that others have made up writes nowhere else: %s',
    async (path) => {
      const blobs = memoryStore()
      const { digest } = await blobs.put(Buffer.from('bad'))
      const manifest = await blobs.put(
        Buffer.from(JSON.stringify({ files: [{ path, digest, size: 3, executable: false }] })),
      )
      const folder = await tempFolder()
      const forged = {
        kind: 'directory' as const,
        digest: manifest.digest,
        blob: manifest.digest,
        size: 1,
        mediaType: 'x',
      }
      const handle = await directory().decode(forged, {
        blobs,
        name: 'images',
        workdir: () => Promise.resolve(folder),
        predictorDigest: () => Promise.resolve(digest),
      })
      await expect(handle.path()).rejects.toMatchObject({ code: 'BLOB_CORRUPT' })
      expect(await readdir(folder)).toEqual(['images'])
    },
  )

  test('what is no folder of the step’s', async () => {
    const { workdir, encode } = await bench()
    await fill(workdir, { file: 'x' })
    for (const [value, message] of [
      ['file', 'is not a folder'],
      ['nothing', 'is not there'],
      [await tempFolder(), 'leads out of ctx.workdir'],
      ['..', 'leads out of ctx.workdir'],
      [Buffer.from('x'), 'is a object, not a directory'],
      [null, 'is a null'],
    ] as const) {
      const encoding = encode(directory(), value)
      await expect(encoding).rejects.toMatchObject({ code: 'OUTPUT_INVALID' })
      await expect(encoding).rejects.toThrow(message)
    }
  })
})
