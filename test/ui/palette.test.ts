import { expect, test } from 'vitest'
import { hasColours, paletteFor } from '../../src/ui/palette.ts'

const terminal = { isTTY: true }
const pipe = {}

test.each([
  ['a terminal', terminal, {}, true],
  ['a pipe', pipe, {}, false],
  ['TERM=dumb', terminal, { TERM: 'dumb' }, false],
  ['NO_COLOR', terminal, { NO_COLOR: '1' }, false],
  ['an empty NO_COLOR', terminal, { NO_COLOR: '' }, true],
  ['FORCE_COLOR into a pipe', pipe, { FORCE_COLOR: '1' }, true],
  ['FORCE_COLOR=0', terminal, { FORCE_COLOR: '0' }, false],
  ['NO_COLOR over FORCE_COLOR', terminal, { NO_COLOR: '1', FORCE_COLOR: '1' }, false],
])('%s', async (_what, stream, env, wanted) => {
  expect(hasColours(stream, env)).toBe(wanted)
  expect((await paletteFor(stream, env)).good('x')).toBe(wanted ? '\u001b[32mx\u001b[39m' : 'x')
})
