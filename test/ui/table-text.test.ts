import { stripVTControlCharacters } from 'node:util'
import { expect, test } from 'vitest'
import { tableText } from '../../src/ui/table-text.ts'

test('columns are as wide as their cells look: wide characters take two cells, colours none', () => {
  const table = tableText(
    ['node', 'state'],
    [
      ['訓練', '\u001b[32mdone\u001b[39m'],
      ['score', 'failed'],
    ],
  )
  expect(stripVTControlCharacters(table).split('\n')).toEqual([
    'node   state',
    '-----  ------',
    '訓練   done',
    'score  failed',
  ])
})

test('a table that is wider than the terminal is folded: a row is some lines, without empty cells', () => {
  const head = ['run', 'state', 'took', 'tags']
  const rows = [
    ['01a22879', 'succeeded', '1.2 s', 'nightly'],
    ['01a2287a', 'running', '', ''],
  ]
  // It is 35 columns wide.
  expect(tableText(head, rows, { columns: 35 })).toBe(tableText(head, rows))
  expect(tableText(head, rows, { columns: 34 }).split('\n')).toEqual([
    '01a22879',
    '  state  succeeded',
    '  took   1.2 s',
    '  tags   nightly',
    '01a2287a',
    '  state  running',
  ])
})
