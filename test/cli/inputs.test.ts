import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { directory, file, list, definePipeline } from 'pipewright'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { givenInputs } from '../../src/cli/inputs/given-inputs.ts'
import { compilePipeline } from '../../src/plan/plan.ts'
import { pipelineHelp } from '../../src/ui/pipeline-help.ts'
import { inputText } from '../../src/ui/type-text.ts'
import { tempFolder } from '../workspace/temp.ts'

const typed = definePipeline(
  {
    name: 'typed',
    description: 'Takes all there is.',
    inputs: {
      csv: file('text/csv'),
      parts: list(file()),
      folder: directory(),
      rate: z.number().positive().default(0.1).describe('How fast it learns'),
      name: z.string(),
      region: z.enum(['eu', 'us']),
      when: z.union([z.string(), z.number()]).optional(),
      maybe: z.string().nullable().optional(),
      options: z.object({ depth: z.int(), tags: z.array(z.string()).optional() }).optional(),
      anything: z.any().optional(),
    },
  },
  () => ({}),
)

const given = (...input: string[]): Promise<Record<string, unknown>> => givenInputs(typed, { input })

describe('inputs of a command line', () => {
  test.each([
    ['rate=0.5', { rate: 0.5 }],
    ['name=0.5', { name: '0.5' }],
    ['name=a=b', { name: 'a=b' }],
    ['name=', { name: '' }],
    ['name=@@handle', { name: '@handle' }],
    ['region=eu', { region: 'eu' }],
    ['when=5', { when: 5 }],
    ['when=monday', { when: 'monday' }],
    ['anything=[1]', { anything: [1] }],
    ['anything=text', { anything: 'text' }],
    ['options={"depth":3}', { options: { depth: 3 } }],
    ['csv=data/a.csv', { csv: 'data/a.csv' }],
    ['csv=@odd-name.csv', { csv: '@odd-name.csv' }],
    ['folder=images', { folder: 'images' }],
    ['parts=["a","b"]', { parts: ['a', 'b'] }],
  ])('%s', async (text, wanted) => {
    expect(await given(text)).toEqual(wanted)
  })

  test('files of a list are given one by one; a value from a file is JSON or a text, as the schema says', async () => {
    expect(await given('parts=a.bin', 'parts=b.bin')).toEqual({ parts: ['a.bin', 'b.bin'] })
    const folder = await tempFolder()
    await writeFile(join(folder, 'value'), '{ "depth": 4 }')
    expect(await given(`options=@${folder}/value`)).toEqual({ options: { depth: 4 } })
    expect(await given(`name=@${folder}/value`)).toEqual({ name: '{ "depth": 4 }' })
  })

  test('--input wins over --inputs', async () => {
    const folder = await tempFolder()
    const inputs = join(folder, 'inputs.json')
    await writeFile(inputs, JSON.stringify({ name: 'file', rate: 1 }))
    expect(await givenInputs(typed, { inputs, input: ['name=flag'] })).toEqual({ name: 'flag', rate: 1 })
  })

  test.each([
    ['rte=1', 'UNKNOWN_INPUT', "did you mean 'rate'?"],
    ['rate', 'INPUT_INVALID', 'write --input rate=<number > 0>'],
    ['rate=fast', 'INPUT_INVALID', 'give a value of number > 0'],
    ['rate=', 'INPUT_INVALID', 'an empty value is not JSON'],
    ['options=@nowhere.json', 'INPUT_INVALID', 'nowhere.json cannot be read'],
    ['constructor=1', 'UNKNOWN_INPUT', "no input 'constructor'"],
  ])('%s is refused', async (text, code, message) => {
    await expect(given(text)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message) as string,
    })
  })

  test('an input is given once', async () => {
    await expect(given('rate=1', 'rate=2')).rejects.toThrow("input 'rate' is given twice")
  })
})

describe('the help of a pipeline', () => {
  const { inputs } = compilePipeline(typed).structure
  const help = (columns: number): string =>
    pipelineHelp({ name: 'typed', description: typed.description, inputs, address: 'typed.ts', columns })

  test('lists the inputs with types, defaults and descriptions', () => {
    const text = help(80)
    expect(text).toContain('Takes all there is.')
    expect(text).toContain(
      'pipewright run typed.ts --input csv=<path> --input parts=… --input folder=<folder>',
    )
    expect(text).toMatch(/^ {2}csv\s+path \(text\/csv\)$/m)
    expect(text).toMatch(/^ {2}parts\s+path\[\]$/m)
    expect(text).toMatch(/^ {2}rate\s+number > 0, default 0\.1\n\s+How fast it learns$/m)
    expect(text).toMatch(/^ {2}region\s+"eu" \| "us"$/m)
    expect(text).toMatch(/^ {2}when\s+string \| number, optional$/m)
    expect(text).toMatch(/^ {2}options\s+\{ depth: integer, tags\?: string\[\] \}, optional$/m)
  })

  test('on a narrow terminal names have lines of their own', () => {
    expect(help(12)).toMatch(/^ {2}anything\n\s+any, optional$/m)
  })

  test('escape sequences of descriptions are not printed', () => {
    const sly = definePipeline(
      { name: 'sly', inputs: { x: z.number().describe('\u001b[2Jgone') } },
      () => ({}),
    )
    const text = pipelineHelp({
      name: 'sly',
      description: '\u001b]0;title\u0007',
      inputs: compilePipeline(sly).structure.inputs,
      address: 'sly.ts',
      columns: 80,
    })
    expect(text).not.toContain('\u001b')
  })
})

test('types of lists of unions have parentheses', () => {
  const schema = { type: 'array', items: { anyOf: [{ type: 'string' }, { type: 'number' }] } }
  expect(inputText({ kind: 'json', schema })).toBe('(string | number)[]')
})
