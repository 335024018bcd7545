import ts from 'typescript'
import { blocksOf } from './blocks.ts'

/** The code of an `@example`. */
export interface Example {
  /** What it belongs to: `Workspace.run`. */
  readonly symbol: string
  /** TypeScript. */
  readonly text: string
}

/** The syntax of a module, without its types. */
function parse(source: string): ts.SourceFile {
  return ts.createSourceFile('module.ts', source, ts.ScriptTarget.Latest, true)
}

function nameOf(node: ts.Node): string | undefined {
  if (ts.isVariableStatement(node)) return node.declarationList.declarations[0]?.name.getText()
  return ts.getNameOfDeclaration(node as ts.Declaration)?.getText()
}

/** The Markdown behind each `@example` of a comment, up to the next tag. */
function examplesIn(comment: string): string[] {
  const lines = comment
    .replace(/^\/\*\*|\*\/$/g, '')
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, ''))
  return lines
    .join('\n')
    .split(/^@(?=\w)/m)
    .filter((part) => part.startsWith('example'))
    .map((part) => part.slice('example'.length).trim())
}

/** The blocks of TypeScript, or all of an example that has no block: TypeDoc shows that as code, too. */
function codeOf(example: string, symbol: string): string[] {
  const blocks = blocksOf(example)
  if (blocks.length === 0) return [`${example}\n`]
  const code = blocks.filter(({ language }) => language === 'ts').map(({ text }) => text)
  if (code.length === 0) throw new Error(`the example of ${symbol} has no block of ts`)
  return code
}

/** The examples in the docstrings of a module. */
export function examplesOf(source: string): Example[] {
  const examples: Example[] = []
  const visit = (node: ts.Node, owner: string): void => {
    const name = nameOf(node)
    const symbol = name === undefined ? owner : owner === '' ? name : `${owner}.${name}`
    for (const doc of ts.getJSDocCommentsAndTags(node).filter(ts.isJSDoc)) {
      // A declaration inside of a statement has the comment of the statement, too.
      if (doc.parent !== node) continue
      for (const example of examplesIn(doc.getText()))
        examples.push(...codeOf(example, symbol).map((text) => ({ symbol, text })))
    }
    ts.forEachChild(node, (child) => visit(child, symbol))
  }
  visit(parse(source), '')
  return examples
}

/** The names of the values that a module exports. */
export function valuesOf(source: string): string[] {
  return parse(source).statements.flatMap((statement) => {
    if (ts.isExportDeclaration(statement)) {
      const { exportClause, isTypeOnly } = statement
      if (isTypeOnly || exportClause === undefined || !ts.isNamedExports(exportClause)) return []
      return exportClause.elements.filter((one) => !one.isTypeOnly).map(({ name }) => name.text)
    }
    const isExported =
      ts.canHaveModifiers(statement) &&
      ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)
    const isType = ts.isTypeAliasDeclaration(statement) || ts.isInterfaceDeclaration(statement)
    return isExported === true && !isType ? [nameOf(statement)!] : []
  })
}
