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
