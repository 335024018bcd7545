import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { pipewright, projectFolder } from '../cli/command.ts'
import { blocksOf, pageText } from './blocks.ts'

test('what the page on concepts says of files is so', async () => {
  const cwd = await projectFolder()
  const block = blocksOf(pageText('docs/concepts.md')).find(({ file }) => file === 'files.ts')
  await writeFile(join(cwd, 'files.ts'), block!.text)
  const { code, out } = await pipewright(cwd, 'run', 'files.ts')
  expect({ code, out }).toMatchObject({
    code: 0,
    out: expect.stringContaining('characters: 7\npages: 2\n') as string,
  })
  expect((await pipewright(cwd, 'artifacts', 'cat', 'write.text')).out).toBe('one\ntwo')
  expect((await pipewright(cwd, 'artifacts', 'cat', 'write.bytes')).out).toBe('one')
  expect((await pipewright(cwd, 'artifacts', 'export', 'write.pages', '-o', 'pages')).code).toBe(0)
})
