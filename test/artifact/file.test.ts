import { mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { Readable } from 'node:stream'
import fc from 'fast-check'
import { file } from 'pipewright'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { sha256 } from '../../src/internal/digest.ts'
import { tempFolder } from '../workspace/temp.ts'
import { bench } from './support.ts'

const text = file('text/plain')

describe('files', () => {
  test('paths, bytes, streams, and files that are passed on', async () => {
    const { workdir, encode, decode } = await bench()
    await writeFile(join(workdir, 'out.bin'), 'hello')
    await symlink(join(workdir, 'out.bin'), join(workdir, 'inside'))
    const digests = new Set<string>()
    for (const value of [
      'out.bin',
      'inside',
      join(workdir, 'out.bin'),
      Buffer.from('hello'),
      Uint8Array.from(Buffer.from('hello')),
      Readable.from([Buffer.from('hel'), Buffer.from('lo')]),
    ]) {
      const artifact = await encode(text, value)
      expect(artifact).toMatchObject({ kind: 'file', size: 5, mediaType: 'text/plain' })
      digests.add(artifact.digest)
      const handle = await decode(text, artifact)
      expect(await handle.text()).toBe('hello')
      expect(Buffer.concat(await handle.stream().toArray()).toString()).toBe('hello')
      expect([handle.size, handle.mediaType, handle.digest]).toEqual([5, 'text/plain', sha256('hello')])
      expect((await encode(text, handle)).digest).toBe(handle.digest)
    }
    expect([...digests]).toEqual([sha256('hello')])
  })

  test('a file that is passed on is of the declared media type; without one it keeps its own', async () => {
    const { encode, decode } = await bench()
    const received = await decode(text, await encode(text, Buffer.from('{}')))
    const passed = await encode(file('application/json'), received)
    expect(passed).toMatchObject({ digest: received.digest, mediaType: 'application/json' })
    expect((await decode(file('application/json'), passed)).mediaType).toBe('application/json')
    expect(await encode(file(), received)).toMatchObject({ mediaType: 'text/plain' })
  })

  test('any bytes', async () => {
    const { pass } = await bench()
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 2_000 }), async (bytes) => {
        expect(Buffer.from(await (await pass(file(), bytes)).bytes()).equals(Buffer.from(bytes))).toBe(true)
      }),
      { numRuns: 30 },
    )
  })

  test('a consumer’s copy is its own, named after the input and the media type', async () => {
    const { encode, decode } = await bench()
    const artifact = await encode(text, Buffer.from('hello'))
    const handle = await decode(text, artifact, 'notes')
    const path = await handle.path()
    expect(basename(path)).toBe('notes.txt')
    await writeFile(path, 'changed')
    expect(await handle.path()).toBe(path)
    expect(await handle.text()).toBe('hello')
    expect(basename(await (await decode(file(), await encode(file(), Buffer.of(1)), 'raw')).path())).toBe(
      'raw',
    )
  })

  test('every name of an input is another file in the consumer’s folder', async () => {
    const { encode, decode } = await bench()
    const names = ['a b', 'a_b', 'a/b', 'ä', 'ö', '..', '.', '../x', 'größe', 'a%20b', '-rf', 'a\nb']
    const paths: string[] = []
    for (const name of names)
      paths.push(await (await decode(file(), await encode(file(), Buffer.from(name)), name)).path())
    expect(new Set(paths).size).toBe(names.length)
    for (const [i, path] of paths.entries()) {
      expect(await readFile(path, 'utf8')).toBe(names[i])
      expect(join(path, '..')).toBe(join(paths[0]!, '..'))
    }
    expect(basename(paths[8]!)).toBe('größe')
  })

  test('JSON is checked by a schema', async () => {
    const { pass } = await bench()
    const kind = file('application/json')
    const read = async (content: string, schema: z.ZodType): Promise<unknown> =>
      (await pass(kind, Buffer.from(content))).json(schema)
    expect(await read('{"a":1}', z.object({ a: z.number() }))).toEqual({ a: 1 })
    expect(await read('\uFEFF{"a":1}', z.object({ a: z.number() }))).toEqual({ a: 1 })
    await expect(read('{"a":', z.any())).rejects.toMatchObject({ code: 'INPUT_INVALID' })
    await expect(read('{"a":', z.any())).rejects.toThrow("file 'input' is no JSON")
    await expect(read('{"a":1}', z.object({ a: z.string() }))).rejects.toThrow(/does not fit[\s\S]*\.a: /)
  })

  test('text is UTF-8, without its mark; other bytes are refused', async () => {
    const { pass } = await bench()
    expect(await (await pass(text, Buffer.from('\uFEFFZürich'))).text()).toBe('Zürich')
    expect(await (await pass(text, Buffer.from('a\uFFFD'))).text()).toBe('a\uFFFD')
    const handle = await pass(text, Buffer.from('{\n"city":"Z\xfcrich"}', 'latin1'))
    for (const reading of [handle.text(), handle.json(z.any())]) {
      await expect(reading).rejects.toMatchObject({ code: 'INPUT_INVALID' })
      await expect(reading).rejects.toThrow(
        /^file 'input', line 2: the bytes are not UTF-8\nFix: convert the file, for example with iconv/,
      )
    }
  })

  test('what lies elsewhere, is not there or is no file', async () => {
    const { workdir, encode } = await bench()
    const outside = join(await tempFolder(), 'secret')
    await writeFile(outside, 'x')
    await symlink(outside, join(workdir, 'link'))
    await symlink(join(workdir, 'nothing'), join(workdir, 'dangling'))
    await symlink(join(outside, '..'), join(workdir, 'folder-link'))
    await mkdir(join(workdir, 'folder'))
    // A neighbour whose name starts with that of the folder.
    await writeFile(`${workdir}-2`, 'x')
    for (const [value, message] of [
      [outside, 'leads out of ctx.workdir'],
      ['link', 'leads out of ctx.workdir'],
      ['folder-link/secret', 'leads out of ctx.workdir'],
      [`${workdir}-2`, 'leads out of ctx.workdir'],
      ['../consumer', 'leads out of ctx.workdir'],
      ['missing', 'is not there'],
      ['dangling', 'is not there'],
      ['folder', 'is not a file'],
      ['', 'is not a file'],
      [3, 'is a number, not a file'],
      [null, 'is a null'],
      [{ path: 'x' }, 'is a object, not a file'],
    ] as const) {
      const encoding = encode(text, value)
      await expect(encoding).rejects.toMatchObject({ code: 'OUTPUT_INVALID' })
      await expect(encoding).rejects.toThrow(message)
    }
  })

  test('a name that starts with two dots is a name', async () => {
    const { workdir, pass } = await bench()
    await mkdir(join(workdir, '..data'))
    await writeFile(join(workdir, '..data', '..x'), 'hello')
    expect(await (await pass(text, '..data/..x')).text()).toBe('hello')
  })

  test('a stream of anything but bytes is refused, one that fails fails', async () => {
    const { encode } = await bench()
    await expect(encode(text, Readable.from(['text']))).rejects.toMatchObject({
      code: 'OUTPUT_INVALID',
      message: expect.stringContaining('the stream gives a string, not bytes') as string,
    })
    async function* fails() {
      yield Buffer.from('x')
      throw new Error('no more')
    }
    await expect(encode(text, fails())).rejects.toThrow('no more')
  })

  test('a copy is not executable, whatever the source was', async () => {
    const { workdir, pass } = await bench()
    await writeFile(join(workdir, 'tool'), 'x', { mode: 0o755 })
    expect((await stat(await (await pass(file(), 'tool')).path())).mode & 0o111).toBe(0)
  })
})
