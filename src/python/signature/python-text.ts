import type { PythonType } from './signature.ts'

/** The name of a class without that of its module. */
export function className(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1)
}

/** The type as Python writes it. */
export function pythonText(type: PythonType): string {
  switch (type.type) {
    case 'list':
      return `list[${pythonText(type.of)}]`
    case 'dict':
      return `dict[str, ${pythonText(type.of)}]`
    case 'tuple':
      return `tuple[${type.of.map(pythonText).join(', ')}]`
    case 'union':
      return type.of.map(pythonText).join(' | ')
    case 'literal':
      return type.class === undefined
        ? `Literal[${type.of.map((one) => JSON.stringify(one)).join(', ')}]`
        : className(type.class)
    case 'record':
      return type.class === undefined
        ? `a dict of ${Object.keys(type.fields).join(', ')}`
        : `${className(type.class)}, a ${type.form} of ${Object.keys(type.fields).join(', ')}`
    case 'none':
      return 'None'
    case 'table':
      return 'a frame'
    case 'path':
    case 'directory':
      return 'Path'
    case 'model':
      return 'Model'
    default:
      return type.type
  }
}
