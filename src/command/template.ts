import { PipewrightError } from '../internal/error.ts'
import { didYouMean } from '../internal/nearest.ts'
import { own } from '../internal/own.ts'

/** An argument with placeholders; a list of them is one group, which is left out where an input of it is not given. */
export type CommandPart = string | readonly string[]

/** What stands for a placeholder: several texts become several arguments. */
export type Substitute = string | readonly string[] | undefined

/** A name in braces; in two it is meant as it stands, as all other braces are. */
const placeholder = /\{\{[A-Za-z_][\w-]*\}\}|\{([A-Za-z_][\w-]*)\}/g

/** The names that a command has placeholders for. */
export function placeholders(command: readonly CommandPart[]): string[] {
  const names = command
    .flat()
    .flatMap((part) => [...part.matchAll(placeholder)].flatMap(([, name]) => name ?? []))
  return [...new Set(names)]
}

/** Refuses a command that cannot be: no executable, or a placeholder for what there is not. */
export function checkCommand(command: unknown, known: readonly string[], owner: string): void {
  const isPart = (part: unknown): boolean =>
    typeof part === 'string' || (Array.isArray(part) && part.every((one) => typeof one === 'string'))
  if (
    !Array.isArray(command) ||
    typeof command[0] !== 'string' ||
    command[0] === '' ||
    !command.every(isPart)
  ) {
    throw new PipewrightError('DEFINITION_INVALID', `${owner}, command: this is no list of arguments`, {
      fix: "give the executable and its arguments, each a text of its own: ['sort', '-o', '{sorted}', '{lines}']",
    })
  }
  for (const name of placeholders(command as CommandPart[])) {
    if (known.includes(name)) continue
    throw new PipewrightError('DEFINITION_INVALID', `${owner}, command: nothing is called '{${name}}'`, {
      fix: `${didYouMean(name, known)}; what is meant as it stands has two braces: {{${name}}}`,
    })
  }
}

/** The arguments of a command, each a text of its own: no shell reads them. */
export function commandLine(
  command: readonly CommandPart[],
  values: Readonly<Record<string, Substitute>>,
): string[] {
  return command.flatMap((part) => {
    const texts = [part].flat()
    const isGroup = typeof part !== 'string'
    if (isGroup && placeholders(texts).some((name) => own(values, name) === undefined)) return []
    return texts.flatMap((text) => filled(text, values))
  })
}

function filled(text: string, values: Readonly<Record<string, Substitute>>): string | readonly string[] {
  const whole = /^\{([A-Za-z_][\w-]*)\}$/.exec(text)?.[1]
  if (whole !== undefined) return own(values, whole) ?? []
  return text.replaceAll(placeholder, (sign, name: string | undefined) => {
    if (name === undefined) return sign.slice(1, -1)
    const value = own(values, name) ?? ''
    return typeof value === 'string' ? value : value.join(',')
  })
}
