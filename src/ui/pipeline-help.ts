import type { Json } from '../internal/json.ts'
import type { InputDeclaration } from '../plan/document.ts'
import { fit, padTo, widthOf } from './fit.ts'
import { printable } from './text.ts'
import { inputText } from './type-text.ts'

/** What the help of a pipeline is made from. */
export interface HelpRequest {
  readonly name: string
  readonly description: string | undefined
  /** The declared inputs, as its plan has them. */
  readonly inputs: Readonly<Record<string, InputDeclaration>>
  /** What a user types to name the pipeline. */
  readonly address: string
  readonly columns: number
}

const longestDefault = 40

function defaultText(value: Json): string {
  return fit(JSON.stringify(value), longestDefault)
}

function example(name: string, { kind }: InputDeclaration): string {
  if (kind === 'file') return `--input ${name}=<path>`
  return kind === 'directory' ? `--input ${name}=<folder>` : `--input ${name}=…`
}

/** The inputs of a pipeline with their types, defaults and descriptions. */
export function pipelineHelp({ name, description, inputs, address, columns }: HelpRequest): string {
  const entries = Object.entries(inputs)
  const required = entries.filter(([, { optional }]) => optional !== true)
  const usage = [
    'pipewright run',
    address,
    ...required.map(([input, declaration]) => example(input, declaration)),
  ]
  const out = [`pipeline ${printable(name)}`]
  if (description !== undefined) out.push('', printable(description))
  out.push('', `Usage: ${printable(usage.join(' '))}`, '')
  if (entries.length === 0) return [...out, 'It takes no inputs.'].join('\n')
  out.push('Inputs:')
  const width = Math.min(
    Math.max(...entries.map(([input]) => widthOf(input))),
    Math.max(4, Math.floor(columns / 3)),
  )
  const indent = ' '.repeat(width + 4)
  for (const [input, declaration] of entries) {
    const { schema, optional } = declaration
    const value = schema?.['default']
    const rest =
      value === undefined ? (optional === true ? ', optional' : '') : `, default ${defaultText(value)}`
    const text = printable(`${inputText(declaration)}${rest}`)
    out.push(
      widthOf(input) > width
        ? `  ${printable(input)}\n${indent}${text}`
        : `  ${padTo(printable(input), width)}  ${text}`,
    )
    if (typeof schema?.['description'] === 'string') out.push(`${indent}${printable(schema['description'])}`)
  }
  out.push(
    '',
    'A value is JSON unless its type is string; name=@file reads it from a file. --inputs <file.json>, or - for',
    'standard input, gives several at once.',
  )
  return out.join('\n')
}
