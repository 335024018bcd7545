import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { pythonCode } from '../../src/python/code/python-code.ts'
import { tempFolder, tempWorkspace } from '../workspace/temp.ts'
import { notebookText, parameters, type CellText } from './notebook-text.ts'
import { analysis, reading } from './programs/notebooks.ts'

const given = parameters('n = 1')

const module = 'def used(x):\n    return x + 1\n\ndef other(x):\n    return x\n'

/** A project with a notebook and a module. */
async function project(text: string, features = module): Promise<string> {
  const root = await tempFolder()
  await writeFile(join(root, 'features.py'), features)
  await writeFile(join(root, 'analysis.ipynb'), text)
  return root
}

async function codeOf(
  root: string,
): Promise<Extract<Awaited<ReturnType<typeof pythonCode>>, { cacheable: true }>> {
  const code = await pythonCode(reading, { root })
  if (!code.cacheable) throw new Error(code.reason)
  return code
}

async function digestOf(text: string, features = module): Promise<string> {
  return (await codeOf(await project(text, features))).digest
}

const uses = ['import features', given, 'out = features.used(n)'] as const
const before = notebookText(uses)

/** The document after it was run and saved, as Jupyter writes it. */
function saved(text: string): string {
  const notebook = JSON.parse(text) as { cells: Record<string, unknown>[]; metadata: Record<string, unknown> }
  for (const [index, cell] of notebook.cells.entries())
    if (cell['cell_type'] === 'code') {
      cell['execution_count'] = index + 7
      cell['outputs'] = [{ output_type: 'stream', name: 'stdout', text: ['printed\n'] }]
      cell['metadata'] = { ...(cell['metadata'] as object), collapsed: true }
    }
  notebook.metadata['language_info'] = { name: 'python', version: '3.12.1' }
  return JSON.stringify(notebook)
}

describe('a notebook is the same code', () => {
  const same: readonly (readonly [string, string])[] = [
    ['when it was run and saved', saved(before)],
    [
      'with another comment, and other blanks',
      notebookText(['import features  # all', given, '\n\nout = features.used( n )']),
    ],
    ['with a text', notebookText(['# A title\n\nA text.', ...uses])],
    ['with a cell of comments alone', notebookText([uses[0], '#what comes', ...uses.slice(1)])],
    ['with an empty cell', notebookText([uses[0], ' \n', ...uses.slice(1)])],
    [
      'with a tag for readers',
      notebookText([{ code: 'import features', tags: ['hide-input'] }, ...uses.slice(1)]),
    ],
  ]
  test.each(same)('%s', async (_, text) => expect(await digestOf(text)).toBe(await digestOf(before)))

  test('when a function that it does not use has changed', async () =>
    expect(await digestOf(before, module.replace('return x\n', 'return -x\n'))).toBe(await digestOf(before)))
})

describe('a notebook is other code', () => {
  const different: readonly (readonly [string, string])[] = [
    ['with another cell', notebookText([...uses, 'out = 1'])],
    ['with its cells in another order', notebookText([given, uses[0], uses[2]])],
    ['with another default', notebookText([uses[0], parameters('n = 2'), uses[2]])],
    [
      'with its parameters in another cell',
      notebookText([{ code: uses[0], tags: ['parameters'] }, 'n = 1', uses[2]]),
    ],
    [
      'with a cell that may fail',
      notebookText([...uses.slice(0, 2), { code: uses[2], tags: ['raises-exception'] }]),
    ],
    ['with a magic', notebookText(['import features\n%matplotlib inline', ...uses.slice(1)])],
  ]
  test.each(different)('%s', async (_, text) => expect(await digestOf(text)).not.toBe(await digestOf(before)))

  test('when a function that it uses has changed', async () =>
    expect(await digestOf(before, module.replace('x + 1', 'x + 2'))).not.toBe(await digestOf(before)))

  test('when another magic stands where one did', async () => {
    const cells = (magic: string): CellText[] => [`x = 1\n${magic}`, given, uses[2]]
    expect(await digestOf(notebookText(cells('%matplotlib inline')))).not.toBe(
      await digestOf(notebookText(cells('%matplotlib agg'))),
    )
  })
})

test('what follows a magic is read: a module that it uses counts', async () => {
  const text = notebookText([
    '%%time\nimport features\n%matplotlib inline',
    given,
    '%time out = features.used(n)',
  ])
  const other = module.replace('x + 1', 'x + 2')
  expect(await digestOf(text, other)).not.toBe(await digestOf(text))
  expect(await digestOf(text, module.replace('return x\n', 'return -x\n'))).toBe(await digestOf(text))
})

test('magics are noted; those that may run any code make all of the project count', async () => {
  const plain = await codeOf(await project(notebookText(['%matplotlib inline', given, 'out = n'])))
  expect(plain.wide).toEqual(['analysis.ipynb (magics count as text: cell 1: %matplotlib)'])
  for (const [cell, why] of [
    ['!ls', 'cell 1 uses !, which may run any code'],
    ['files = !ls', 'cell 1 uses !, which may run any code'],
    ['%run other.py', 'cell 1 uses %run, which may run any code'],
    ['%%bash\npython other.py', 'cell 1 uses %bash, which may run any code'],
    ['x = (', 'cell 1 cannot be parsed'],
    ['get_ipython().system("ls")', 'cell 1 uses get_ipython, which may run any code'],
  ]) {
    const text = notebookText([cell!, given, 'out = n'])
    expect((await codeOf(await project(text))).wide).toEqual([`the Python of the project (${why})`])
    expect(await digestOf(text, `${module}\n`)).not.toBe(await digestOf(text))
    expect(await digestOf(text.replace('out = n', 'out = n + 1'))).not.toBe(await digestOf(text))
  }
})

test('what looks like a magic within a text or an expression is none', async () => {
  const text = notebookText(['x = """\n%run\n!ls\n"""\ny = (7\n  % 2)', given, 'out = n'])
  expect((await codeOf(await project(text))).wide).toEqual([])
})

test('its pieces are its cells, by the numbers that Jupyter shows', async () => {
  const { pieces } = await codeOf(await project(notebookText(['# A title', ...uses])))
  const cells = pieces.filter(({ module: file }) => file === 'analysis.ipynb')
  expect(cells.map(({ names }) => names)).toEqual([['cell 1'], ['cell 2'], ['cell 3']])
})

describe('check tells where a notebook does not fit its step', () => {
  test.each([
    [
      'no cell of parameters',
      notebookText(['n = 1']),
      "analysis.ipynb has no cell with the tag 'parameters', and the step has inputs",
    ],
    [
      'another parameter',
      notebookText([parameters('m = 1')]),
      "the parameters of analysis.ipynb have no 'n', which the step has as an input",
    ],
    ['no notebook', '[]', 'analysis.ipynb is no notebook of format 4'],
    [
      'another language',
      notebookText([given], { kernelspec: { name: 'ir', language: 'R' } }),
      'analysis.ipynb is written for a kernel of R, not of Python',
    ],
  ])('%s', async (_, text, message) => {
    const pw = await tempWorkspace({ root: await project(text), metadata: ':memory:' })
    expect(await pw.check(analysis)).toContainEqual(expect.objectContaining({ level: 'warning', message }))
  })

  test('nothing where it does', async () => {
    for (const cell of [
      'n = 1',
      'n: int = 1',
      'm, n = 1, 2',
      'n = None  # type: int',
      '%matplotlib inline\nn = 1',
    ]) {
      const root = await project(notebookText([parameters(cell), 'out = n']))
      const pw = await tempWorkspace({ root, metadata: ':memory:' })
      const found = await pw.check(analysis)
      expect(found.filter(({ message }) => message.includes('parameter'))).toEqual([])
    }
  })
})
