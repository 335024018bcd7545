import { definePipeline } from 'pipewright'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { checkInputs } from '../../src/plan/inputs.ts'
import { misnamedProperties } from '../../src/plan/misnamed.ts'

const model = z.object({ depth: z.number(), rate: z.number().default(0.1) })
const settings = z.object({ models: z.array(model), name: z.string().optional() })
const schema = z.toJSONSchema(settings) as never

describe('properties of a value', () => {
  test('with a wrong name: the nearest that is not given', () => {
    expect(misnamedProperties({ models: [{ depth: 1, rat: 2 }, { dpeth: 1 }], nmae: 'a' }, schema)).toEqual([
      { path: '.models[0]', name: 'rat', meant: 'rate' },
      { path: '.models[1]', name: 'dpeth', meant: 'depth' },
      { path: '', name: 'nmae', meant: 'name' },
    ])
  })

  test('of other names, or of a map of names, are no mistakes', () => {
    expect(misnamedProperties({ models: [{ depth: 1, rate: 2, rates: 3 }], owner: 'me' }, schema)).toEqual([])
    for (const open of [
      z.object({ rate: z.number() }).catchall(z.number()),
      z.looseObject({ rate: z.number() }),
    ])
      expect(misnamedProperties({ rat: 1 }, z.toJSONSchema(open) as never)).toEqual([])
    for (const value of [null, 1, 'a', [1]]) expect(misnamedProperties(value, schema)).toEqual([])
  })

  test('are in the error of the inputs of a pipeline', () => {
    const pipeline = definePipeline(
      { name: 'p', inputs: { settings, strict: z.strictObject({ rate: z.number().default(1) }) } },
      () => ({}),
    )
    expect(() => checkInputs(pipeline, { settings: { models: [{ dept: 1 }] }, strict: { rat: 1 } })).toThrow(
      /settings\.models\[0\]: 'dept' is no property of it: did you mean 'depth'\?\n[^]*strict: 'rat' is no property of it: did you mean 'rate'\?/,
    )
  })
})
