import { expect, test } from 'vitest'
import { blocksOf, pageText } from './blocks.ts'
import { FollowedPage, type Outcome } from './followed.ts'
import { isShown, steady } from './shown.ts'

const page = 'docs/getting-started.md'

test('the tutorial does what it says, block by block', async () => {
  const blocks = blocksOf(pageText(page))
  const reader = await FollowedPage.begin(['examples/data/breast-cancer.csv'])
  let last: Outcome | undefined
  let [commands, outputs] = [0, 0]
  for (const block of blocks) {
    const where = `${page}:${block.line}`
    if (block.flags.includes('fragment')) continue
    if (block.language === 'sh') {
      last = await reader.run(block)
      commands++
      const said = `${where} ended with ${last.code}\n${last.out}\n${last.err}`
      expect(last.code !== 0, said).toBe(block.flags.includes('fails'))
    } else if (block.language === 'text') {
      const output = last?.[block.flags.includes('stderr') ? 'err' : 'out'] ?? ''
      const [actual, shown] = [steady(output, reader.folder), steady(block.text, reader.folder)]
      outputs++
      if (!isShown(actual, shown)) expect(actual, where).toBe(shown)
    } else if (block.language === 'diff') await reader.edit(block)
    else if (block.file !== undefined) await reader.write(block)
    else
      throw new Error(
        `${where}: neither a file, an edit, a command, what it prints, nor marked as a fragment`,
      )
  }
  // A page of which nothing was understood would pass too.
  expect({ commands: commands > 10, outputs: outputs > 5 }).toEqual({ commands: true, outputs: true })
})
