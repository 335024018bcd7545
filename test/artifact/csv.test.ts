import { createReadStream } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { file, table } from 'pipewright'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { readCsv, type CsvOptions } from '../../src/artifact/csv.ts'
import { PipewrightError } from '../../src/internal/error.ts'
import { tempFolder } from '../workspace/temp.ts'
import { bench } from './support.ts'

async function read(text: string, schema: z.ZodType, options: CsvOptions = {}): Promise<unknown[]> {
  const { pass } = await bench()
  const handle = await pass(file('text/csv'), Buffer.from(text))
  return (await handle.readCsv(schema, options)).toArray() as unknown[]
}

async function problem(text: string, schema: z.ZodType, options: CsvOptions = {}): Promise<string> {
  try {
    await read(text, schema, options)
  } catch (error) {
    expect(PipewrightError.isInstance(error) && error.code).toBe('INPUT_INVALID')
    return (error as Error).message
  }
  return expect.unreachable()
}

const Person = z.object({ age: z.number(), name: z.string() })

/** A schema that takes anything and has no JSON Schema. */
const bare = {
  '~standard': { version: 1 as const, vendor: 'test', validate: (value: unknown) => ({ value }) },
} as unknown as z.ZodType

describe('cells', () => {
  test('are read as the schema says', async () => {
    const schema = z.object({
      n: z.number(),
      i: z.int(),
      b: z.boolean(),
      s: z.string(),
      d: z.enum(['x', 'y']),
      l: z.literal([1, 2]),
      both: z.number().and(z.number().min(0)),
    })
    expect(await read('n,i,b,s,d,l,both\n1.5,2,true,007,x,1,3\n-1e3,3,0,,y,2,4\n', schema)).toEqual([
      { n: 1.5, i: 2, b: true, s: '007', d: 'x', l: 1, both: 3 },
      { n: -1000, i: 3, b: false, s: '', d: 'y', l: 2, both: 4 },
    ])
  })

  test.each([
    ['true', true],
    ['TRUE', true],
    ['1', true],
    ['False', false],
    ['0', false],
  ])('%s is %s', async (text, value) => {
    expect(await read(`b\n${text}\n`, z.object({ b: z.boolean() }))).toEqual([{ b: value }])
  })

  test('NaN is a number where the schema takes it', async () => {
    expect(await read('n\nNaN\n', z.object({ n: z.number().or(z.nan()) }))).toEqual([{ n: Number.NaN }])
    expect(await problem('n\nNaN\n', z.object({ n: z.number() }))).toContain('line 2, n: ')
  })

  test('empty ones: optional, nullable, text, and those that must be there', async () => {
    const schema = z.object({
      id: z.string(),
      optional: z.number().optional(),
      nullable: z.number().nullable(),
      optionalText: z.string().optional(),
      nullableText: z.string().nullable(),
      text: z.string(),
      filled: z.number().default(7),
      maybe: z.literal(['x', null]),
    })
    const head = 'id,optional,nullable,optionalText,nullableText,text,filled,maybe\n'
    expect(await read(`${head}1,,,,,,,\n2,1,2,a,b,c,3,x\n`, schema)).toEqual([
      { id: '1', nullable: null, nullableText: null, text: '', filled: 7, maybe: null },
      {
        id: '2',
        optional: 1,
        nullable: 2,
        optionalText: 'a',
        nullableText: 'b',
        text: 'c',
        filled: 3,
        maybe: 'x',
      },
    ])
    expect(await problem('age,name\n,a\n', Person)).toContain('line 2, age: ')
    expect(await problem('age,name\n,a\n', z.object({ age: z.coerce.number() }))).toContain('line 2, age: ')
  })

  test('other texts for what is missing', async () => {
    const schema = z.object({ a: z.string(), b: z.number().nullable() })
    expect(await read('a,b\nx,NA\n,-\n', schema, { missing: ['NA', '-'] })).toEqual([
      { a: 'x', b: null },
      { a: '', b: null },
    ])
  })

  test('schemas that convert get what they take', async () => {
    const schema = z.object({
      n: z.coerce.number(),
      at: z.coerce.date(),
      big: z.coerce.bigint(),
      twice: z.number().transform((n) => n * 2),
      length: z.string().transform((text) => text.length),
      piped: z.string().pipe(z.coerce.number()),
      flag: z.stringbool(),
      none: z.coerce.number().optional(),
    })
    expect(
      await read('n,at,big,twice,length,piped,flag,none\n3,2020-01-01,12,4,123,5,yes,\n', schema),
    ).toEqual([{ n: 3, at: new Date('2020-01-01'), big: 12n, twice: 8, length: 3, piped: 5, flag: true }])
  })

  test('schemas that have an id, unions', async () => {
    const Score = z.number().meta({ id: 'csv-score' })
    const Row = z.object({ a: Score, b: Score.optional() }).meta({ id: 'csv-row' })
    expect(await read('a,b\n1,2\n3,\n', Row)).toEqual([{ a: 1, b: 2 }, { a: 3 }])
    const Either = z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('x'), n: z.number() }),
      z.object({ kind: z.literal('y'), ok: z.boolean() }),
    ])
    expect(await read('kind,n,ok\nx,1,\ny,,true\n', Either)).toEqual([
      { kind: 'x', n: 1 },
      { kind: 'y', ok: true },
    ])
  })

  test('asynchronous schemas', async () => {
    const Row = z.object({ a: z.number().refine((n) => Promise.resolve(n < 3)) })
    expect(await read('a\n1\n2\n', Row)).toEqual([{ a: 1 }, { a: 2 }])
    expect(await problem('a\n1\n4\n', Row)).toContain('line 3, a: ')
  })

  test('libraries without JSON Schema get texts', async () => {
    // An empty cell may be a missing one: nothing stands in its place, so that no conversion makes a 0 of it.
    expect(await read('a,b\n1,\n', bare)).toEqual([{ a: '1' }])
    expect(await read('a,b\n1,\n', bare, { missing: [] })).toEqual([{ a: '1', b: '' }])
  })
})

describe('a CSV file', () => {
  test('may have a mark, quotes, other line ends, no end', async () => {
    expect(await read('\uFEFFage,name\n1,"x, ""y""\nz"\n', Person)).toEqual([{ age: 1, name: 'x, "y"\nz' }])
    expect(await read('age,name\r\n1,a\r\n2,b', Person)).toEqual([
      { age: 1, name: 'a' },
      { age: 2, name: 'b' },
    ])
    expect(await read('"age", name \n1,a\n\n\n', Person)).toEqual([{ age: 1, name: 'a' }])
  })

  test('may have another delimiter, another header, lines to skip', async () => {
    const row = [{ age: 1, name: 'a,b' }]
    expect(await read('age;name\n1;a,b\n', Person, { delimiter: ';' })).toEqual(row)
    expect(await read('age\tname\n1\ta,b\n', Person, { delimiter: '\t' })).toEqual(row)
    expect(await read('1,"a,b"\n', Person, { header: ['age', 'name'] })).toEqual(row)
    expect(await read('comment\n\nage,name\n1,"a,b"\n', Person, { skipLines: 2 })).toEqual(row)
    expect(await read('x,y\n1,"a,b"\n', Person, { skipLines: 1, header: ['age', 'name'] })).toEqual(row)
  })

  test('may have more columns than are asked for, or no rows', async () => {
    expect(await read(',age,name,x\n0,1,a,2\n', Person)).toEqual([{ age: 1, name: 'a' }])
    expect(await read('age,name\n', Person)).toEqual([])
  })

  test('gives back any texts', async () => {
    const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ a: fc.string({ unit: 'grapheme' }), b: fc.integer() }), { maxLength: 10 }),
        async (rows) => {
          const lines = ['a,b', ...rows.map(({ a, b }) => `${quoted(a)},${b}`)]
          expect(await read(lines.join('\n'), z.object({ a: z.string(), b: z.number() }))).toEqual(rows)
        },
      ),
      { numRuns: 40 },
    )
  })

  test('is a table like any other', async () => {
    const { pass, encode } = await bench()
    const handle = await pass(file('text/csv'), Buffer.from('name,age\na,1\n'))
    const digest = (await encode(table(Person), await handle.readCsv(Person))).digest
    expect((await encode(table(Person), [{ age: 1, name: 'a' }])).digest).toBe(digest)
  })
})

describe('what is wrong', () => {
  test('is told with its line, all of it', async () => {
    const message = await problem('age,name\n1,a\nold,b\n\n,c\n2,"x\ny"\nx,d\n', Person)
    expect(message).toMatch(/3 problems[\s\S]*line 3, age: [\s\S]*line 5, age: [\s\S]*line 8, age: /)
    expect(await problem('# a\n# b\nage,name\r\nold,b\n', Person, { skipLines: 2 })).toContain(
      'line 4, age: ',
    )
    const windows = 'age,name\r\n1,a\r\n\r\n2,"x\r\ny"\r\nold,b\r\n'
    expect(await problem(windows, Person)).toContain('line 6, age: ')
    expect(await problem('age,name\n1,a\nx,"b\nc"\ny,d\n', Person)).toMatch(/line 3, age[\s\S]*line 5, age/)
    expect(await problem('age,name\r1,a\rold,b\r', Person)).toContain('line 3, age: ')
    expect(await problem('old,b\n', Person, { header: ['age', 'name'] })).toContain('line 1, age: ')
    const long = `age,name\n${'x,a\n'.repeat(100)}`
    expect(await problem(long, Person)).toMatch(/100 problems[\s\S]*line 21, age[\s\S]*… and 80 more/)
  })

  test('is told with the text that is wrong', async () => {
    const message = await problem(`age,name\nold,b\n,c\n${'9'.repeat(70)}x,d\n`, Person)
    expect(message).toContain(
      "line 2, age: Invalid input: expected number, received string (the text is 'old')",
    )
    expect(message).toMatch(/line 3, age: .*\(the cell is empty\)/)
    expect(message).toContain(`'${'9'.repeat(60)}…'`)
  })

  test('does not hide what else is wrong', async () => {
    const message = await problem('age,name\n1\nold,b\n1,a,2\n', Person)
    expect(message).toMatch(/3 problems[\s\S]*line 2: 1 cells[\s\S]*line 3, age: [\s\S]*line 4: 3 cells/)
  })

  test('bytes that are not UTF-8', async () => {
    const { pass } = await bench()
    const handle = await pass(file('text/csv'), Buffer.from('age,name\n1,a\n2,Ren\xe9e\n', 'latin1'))
    await expect(handle.readCsv(Person)).rejects.toThrow("file 'input', line 3: the bytes are not UTF-8")
  })

  test('columns that are not there, and the ones that were meant', async () => {
    const message = await problem('agge,id\n1,a\n', Person)
    expect(message).toContain("file 'input' lacks columns:")
    expect(message).toContain("age (is it 'agge'?)")
    expect(message).toMatch(/\n {2}name\n/)
    expect(message).toContain('its columns are: agge, id')
    expect(await problem('age;name\n1;a\n', Person)).toContain('its columns are: age;name')
    expect(await problem('1,a\n', Person, { header: ['age', 'nam'] })).toContain("name (is it 'nam'?)")
  })

  test('a column that is there twice', async () => {
    expect(await problem('age,name,age\n1,a,2\n', Person)).toContain("file 'input' has two columns 'age'")
    expect(await problem('a,a\n1,2\n', bare)).toContain("two columns 'a'")
    expect(await read('age,name,x,x\n1,a,2,3\n', Person)).toEqual([{ age: 1, name: 'a' }])
  })

  test('rows of another length', async () => {
    expect(await problem('age,name\n1,a\n1,a,2\n', Person)).toContain('line 3: 3 cells, but 2 columns')
    expect(await problem('age,name\n1\n', Person)).toContain('line 2: 1 cells, but 2 columns')
  })

  test('quotes that do not match, and nothing at all', async () => {
    expect(await problem('age,name\n1,"a\n', Person)).toContain("file 'input' is no CSV: ")
    expect(await problem('age,name\n1,a"b\n', Person)).toContain("file 'input' is no CSV: ")
    for (const text of ['', '\n\n'])
      expect(await problem(text, Person)).toContain("file 'input' has no line that names its columns")
    expect(await read('', Person, { header: ['age', 'name'] })).toEqual([])
  })

  test('leaves no file open', async () => {
    const path = join(await tempFolder(), 'rows.csv')
    await writeFile(path, `nothing\n${'x\n'.repeat(200_000)}`)
    const source = createReadStream(path)
    await expect(readCsv(() => source, Person, 'rows')).rejects.toThrow('lacks columns')
    expect(source.destroyed).toBe(true)
  })

  test('in the reading itself is not called a fault of the file', async () => {
    const source = createReadStream(join(await tempFolder(), 'nothing.csv'))
    await expect(readCsv(() => source, Person, 'rows')).rejects.toMatchObject({ code: 'ENOENT' })
  })
})
