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

  test('a text that is said to be missing is so in every column, the empty one where no text must be', async () => {
    const schema = z.object({ a: z.string(), b: z.number() })
    for (const missing of [['NA'], ['NA', '']])
      expect(await problem('a,b\nx,1\nNA,2\n', schema, { missing })).toMatch(
        /line 3, a: .*\(the text is 'NA'\)/,
      )
    expect(await read('a,b\n,1\n', schema, { missing: ['NA', ''] })).toEqual([{ a: '', b: 1 }])
    expect(await read('a,b\nNA,1\n', z.object({ a: z.string().default('none'), b: z.number() }))).toEqual([
      { a: 'NA', b: 1 },
    ])
  })

  test('numbers are decimal, and keep their digits', async () => {
    const Num = z.object({ n: z.number(), of: z.string() })
    for (const [text, number] of [
      ['007', 7],
      ['+1.5e3', 1500],
      ['-.5', -0.5],
      ['5.', 5],
      ['0', 0],
      [' 0.25 ', 0.25],
      ['9007199254740991', 9007199254740991],
      ['-9007199254740991', -9007199254740991],
      ['9007199254740993.5', 9007199254740994],
      ['1e20', 1e20],
    ] as const)
      expect(await read(`n,of\n${text},x\n`, Num), text).toEqual([{ n: number, of: 'x' }])
    for (const text of [
      '0x10',
      '0X10',
      '0b11',
      '0o7',
      ' 0x10',
      '9007199254740993',
      '-9007199254740992',
      '1_0',
      '1,0',
    ])
      expect(await problem(`n,of\n"${text}",x\n`, Num), text).toContain(
        `line 2, n: Invalid input: expected number, received string (the text is '${text}')`,
      )
    expect(await problem(`n,of\n${'9'.repeat(400)},x\n`, Num)).toContain('expected number, received string')
  })

  test('where texts are taken too, only what gives them back is converted', async () => {
    const either = (text: string): Promise<unknown> =>
      read(`a,b\n${text},x\n`, z.object({ a: z.union([z.string(), z.number(), z.boolean()]), b: z.string() }))
    for (const text of ['007', '1.50', '+1', '1e3', '9007199254740993', 'TRUE', ' 1'])
      expect(await either(text)).toEqual([{ a: text, b: 'x' }])
    expect(await either('7')).toEqual([{ a: 7, b: 'x' }])
    expect(await either('-1.5')).toEqual([{ a: -1.5, b: 'x' }])
    expect(await either('true')).toEqual([{ a: true, b: 'x' }])
    const Code = z.object({ a: z.union([z.literal('n/a'), z.number()]), b: z.string() })
    expect(await read('a,b\n1.50,x\n007,y\n', Code)).toEqual([
      { a: 1.5, b: 'x' },
      { a: 7, b: 'y' },
    ])
    expect(await problem('a,b\nold,x\n', Code)).toContain("line 2, a: Invalid input (the text is 'old')")
  })

  test('a column of texts and numbers is one of texts', async () => {
    const schema = z.object({ a: z.union([z.string(), z.number()]).nullable(), n: z.number() })
    expect(await read('a,n\n8,1\n007,2\n,3\n', schema)).toEqual([
      { a: '8', n: 1 },
      { a: '007', n: 2 },
      { a: null, n: 3 },
    ])
    expect(await problem('a,n\n8,1\n007,2\n\n,x\n', schema)).toMatch(/1 problem in[\s\S]*line 5, n: /)
    expect(await read('a\n8\n\n007\n', schema.omit({ n: true }))).toEqual([
      { a: '8' },
      { a: null },
      { a: '007' },
    ])
  })

  describe('a row whose types depend on another cell', () => {
    const asText = z.object({ k: z.literal('b'), v: z.string(), w: z.number() })
    const asNumber = z.object({ k: z.literal('a'), v: z.number(), w: z.string() })
    const text = 'k,v,w\nb,2,3\nb,0.50,4\n'
    const rows = [
      { k: 'b', v: '2', w: 3 },
      { k: 'b', v: '0.50', w: 4 },
    ]

    test.each([
      ['a union that knows the cell', z.discriminatedUnion('k', [asNumber, asText])],
      ['any union', z.union([asNumber, asText])],
      [
        'an asynchronous one',
        z.discriminatedUnion('k', [asNumber, asText]).refine(() => Promise.resolve(true)),
      ],
    ])('%s', async (_, schema) => {
      expect(await read(text, schema)).toEqual(rows)
      expect(await read('k,v,w\na,2,3\na,0.50,4\n', schema)).toEqual([
        { k: 'a', v: 2, w: '3' },
        { k: 'a', v: 0.5, w: '4' },
      ])
    })

    test('with a type for each column of the table', async () => {
      const schema = z
        .discriminatedUnion('k', [asNumber, asText])
        .transform(({ k, v }) => ({ k, number: k === 'a' ? v : null, text: k === 'b' ? v : null }))
      expect(await read('k,v,w\na,1,2\nb,2,3\n', schema)).toEqual([
        { k: 'a', number: 1, text: null },
        { k: 'b', number: null, text: '2' },
      ])
    })

    test('problems are told that the best reading leaves', async () => {
      const schema = z.discriminatedUnion('k', [asNumber, asText])
      expect(await problem('k,v,w\nb,2,x\n', schema)).toMatch(
        /1 problem in[\s\S]*line 2, w: .*\(the text is 'x'\)/,
      )
      expect(await problem('k,v,w\nc,2,x\n', schema)).toMatch(
        /1 problem in[\s\S]*line 2, k: .*\(the text is 'c'\)/,
      )
    })

    test('numbers or booleans, texts that are missing', async () => {
      const flag = z.object({ k: z.literal('b'), v: z.boolean() })
      const schema = z.union([z.object({ k: z.literal('a'), v: z.number() }), flag])
      expect(await read('k,v\nb,1\nb,0\n', schema)).toEqual([
        { k: 'b', v: true },
        { k: 'b', v: false },
      ])
      const maybe = z.union([
        z.object({ k: z.literal('a'), v: z.number() }),
        z.object({ k: z.literal('b'), v: z.string() }),
      ])
      expect(await problem('k,v\nb,NA\n', maybe, { missing: ['NA'] })).toContain('line 2')
    })

    test('many columns', async () => {
      const names = Array.from({ length: 12 }, (_, i) => `c${i}`)
      const shape = (type: z.ZodType): z.ZodType =>
        z.object(Object.fromEntries(names.map((name) => [name, type])))
      const cells = names.map((_, i) => String(i))
      expect(
        await read(
          `${names.join()},k\n${cells.join()},x\n`,
          z.union([
            z.object({ k: z.literal('y') }).and(shape(z.number())),
            z.object({ k: z.literal('x') }).and(shape(z.string())),
          ]),
        ),
      ).toEqual([{ ...Object.fromEntries(names.map((name, i) => [name, cells[i]])), k: 'x' }])
    })
  })

  test('of columns that are not declared are read as the schema says', async () => {
    const text = 'a,b,c\n1,2,\n3,x,5\n'
    expect(await problem(text, z.record(z.string(), z.number()))).toMatch(/1 problem in[\s\S]*line 3, b: /)
    expect(await read('a,b,c\n1,2,\n3,4,5\n', z.record(z.string(), z.number()))).toEqual([
      { a: 1, b: 2 },
      { a: 3, b: 4, c: 5 },
    ])
    expect(await read('a,b\n1,2\n', z.object({ a: z.string() }).catchall(z.number()))).toEqual([
      { a: '1', b: 2 },
    ])
    expect(await read('a,b\n1,\n', z.object({ a: z.string() }).catchall(z.number().nullable()))).toEqual([
      { a: '1', b: null },
    ])
    expect(await read('a,b\n1,2\n', z.looseObject({ a: z.number() }))).toEqual([{ a: 1, b: '2' }])
    const either = z.union([
      z.object({ k: z.literal('a'), v: z.string() }),
      z.object({ k: z.literal('b') }).catchall(z.union([z.number(), z.literal('b')])),
    ])
    expect(await read('k,v\nb,2\n', either)).toEqual([{ k: 'b', v: 2 }])
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

  test('of one column has empty cells, of more it has blank lines', async () => {
    const Score = z.object({ score: z.number().nullable() })
    const scores = [{ score: 1 }, { score: null }, { score: 3 }]
    for (const text of [
      'score\n1\n\n3\n',
      'score\n1\n\n3',
      'score\r\n1\r\n\r\n3\r\n',
      '\uFEFF\n\nscore\n1\n""\n3\n',
    ])
      expect(await read(text, Score)).toEqual(scores)
    expect(await read('# c\n\nscore\n1\n\n3\n', Score, { skipLines: 1 })).toEqual(scores)
    const header = ['score']
    expect(await read('1\n\n3\n', Score, { header })).toEqual(scores)
    expect(await read('\n', Score, { header })).toEqual([{ score: null }])
    expect(await read('', Score, { header })).toEqual([])
    expect(await read('x\n1\n\n3\n', Score, { header, skipLines: 1 })).toEqual(scores)
    expect(await read('\n\nage,name\n\n1,a\n\n\n2,b\n\n', Person)).toEqual([
      { age: 1, name: 'a' },
      { age: 2, name: 'b' },
    ])
    expect(await read('""\n1\n\n2\n', bare)).toEqual([{ '': '1' }, {}, { '': '2' }])
    const Required = z.object({ score: z.number() })
    expect(await problem('\nscore\n1\n\n3\n\nx\n', Required)).toMatch(
      /3 problems|2 problems[\s\S]*line 4, score: .*empty/,
    )
    expect(await problem('score\n1\n\n3\n\nx\n', Required)).toMatch(
      /3 problems[\s\S]*line 3, score: .*empty[\s\S]*line 5, score: .*empty[\s\S]*line 6, score: .*'x'/,
    )
    expect(await problem('age,name\n1,a\n""\n', Person)).toContain('line 3: 1 cells, but 2 columns')
  })

  test('may have anything in the lines that are skipped', async () => {
    const row = [{ age: 1, name: 'a' }]
    for (const line of ['# it"s', '"', '\uFEFF# "x', '', 'a,"b'])
      expect(await read(`${line}\nage,name\n1,a\n`, Person, { skipLines: 1 }), line).toEqual(row)
    expect(await read('# "\r\n# "\r\nage,name\r\n1,a\r\n', Person, { skipLines: 2 })).toEqual(row)
    expect(await read('# "\r\rage,name\r1,a\r', Person, { skipLines: 2 })).toEqual(row)
    expect(await problem('age,name\n1,a\n', Person, { skipLines: 20 })).toContain(
      'no line that names its columns',
    )
    const lines = '# "\r\n\r\nage,name\r\n1,"x\r\ny"\r\nold,b\r\n'
    expect(await problem(lines, Person, { skipLines: 2 })).toContain('line 6, age: ')
    expect(await problem('# "\n# "\nage,name\n1,a"b\n', Person, { skipLines: 2 })).toContain('at line 4')
    const { pass } = await bench()
    const handle = await pass(file('text/csv'), Buffer.from('# "\nage,name\n1,Ren\xe9e\n', 'latin1'))
    await expect(handle.readCsv(Person, { skipLines: 1 })).rejects.toThrow('line 3: the bytes are not UTF-8')
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
    for (const keeps of [Person.loose(), Person.catchall(z.number()), z.union([Person, Person.loose()])])
      expect(await problem('age,name,x,x\n1,a,2,3\n', keeps)).toContain("two columns 'x'")
  })

  test.each([
    [{ skipLines: -1 }, /option skipLines: -1 does not fit\nFix: give .* a whole number from 0/],
    [{ skipLines: 1.5 }, /option skipLines: 1\.5 .*\nFix: /],
    [{ skipLines: '2' }, /option skipLines: '2' .*\nFix: /],
    [{ skipLines: Number.NaN }, /option skipLines: NaN .*\nFix: /],
    [{ header: false }, /option header: false .*\nFix: give true if .* a list of their names/],
    [{ header: [] }, /option header: \[\] .*\nFix: /],
    [{ header: 'age' }, /option header: 'age' .*\nFix: /],
    [{ header: [1, 'name'] }, /option header: \[ 1, 'name' \] .*\nFix: /],
    [{ delimiter: '' }, /option delimiter: '' .*\nFix: give the text between two cells/],
    [{ delimiter: '"' }, /option delimiter: '"' .*\nFix: /],
    [{ delimiter: '\n' }, /option delimiter: '\\n' .*\nFix: /],
    [{ missing: 'NA' }, /option missing: 'NA' .*\nFix: give a list of texts/],
    [{ missing: null }, /option missing: null .*\nFix: /],
    [{ delimeter: ';' }, /'delimeter' is no option of readCsv\nFix: did you mean 'delimiter'\?/],
  ])('options that say nothing: %o', async (options, message) => {
    expect(await problem('age,name\n1,a\n', Person, options as never)).toMatch(message)
    const none = { delimiter: undefined, header: undefined, skipLines: undefined, missing: undefined }
    expect(await read('age,name\n1,a\n', Person, none as never)).toEqual([{ age: 1, name: 'a' }])
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
