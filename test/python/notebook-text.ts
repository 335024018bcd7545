/** A cell of a notebook: code, or a text, which begins with a heading. */
export type CellText = string | { readonly code: string; readonly tags: readonly string[] }

const python = {
  kernelspec: { display_name: 'Python 3', language: 'python', name: 'python3' },
  language_info: { name: 'python' },
}

/** A notebook as Jupyter saves it. */
export function notebookText(cells: readonly CellText[], metadata: object = python): string {
  const document = { cells: cells.map(cellOf), metadata, nbformat: 4, nbformat_minor: 5 }
  return JSON.stringify(document, undefined, 1)
}

/** The cell that has the parameters. */
export function parameters(code: string): CellText {
  return { code, tags: ['parameters'] }
}

function cellOf(text: CellText, index: number): object {
  const { code, tags } = typeof text === 'string' ? { code: text, tags: [] } : text
  const source = code.split(/(?<=\n)/)
  const metadata = tags.length === 0 ? {} : { tags }
  const id = `cell-${index}`
  if (/^#+ /.test(code)) return { cell_type: 'markdown', id, metadata, source }
  return { cell_type: 'code', execution_count: null, id, metadata, outputs: [], source }
}
