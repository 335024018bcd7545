import type { PythonRecord, PythonType } from '../signature/signature.ts'

/** The kind that a type asks for, where a schema does not tell it. */
export type Kind =
  | { readonly name: 'file' | 'directory' }
  | { readonly name: 'model'; readonly format: string | undefined }
  | { readonly name: 'table'; readonly row: PythonRecord | undefined }
  | { readonly name: 'list'; readonly of: Kind }

export const fileKind: Kind = { name: 'file' }

/** No annotation tells a folder from a file; names do. */
const folderName = /(?:^|_)(?:dirs?|directory|directories|folders?)$/i

/** The kind of an input or output of a name and a type; undefined for plain data. */
export function kindOf(name: string, type: PythonType): Kind | undefined {
  switch (type.type) {
    case 'union': {
      const kinds = type.of.map((one) => kindOf(name, one))
      return kinds.find((one) => one !== undefined)
    }
    case 'path':
      return folderName.test(name) ? { name: 'directory' } : fileKind
    case 'directory':
      return { name: 'directory' }
    case 'model':
      return { name: 'model', format: type.format }
    case 'table':
      return { name: 'table', row: type.of }
    case 'list': {
      const of = kindOf(name, type.of)
      return of === undefined ? undefined : { name: 'list', of }
    }
    default:
      return undefined
  }
}
