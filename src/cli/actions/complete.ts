import type { Argument, Command, Option } from 'commander'
import { readSettings } from '../../workspace/open.ts'
import { openExisting } from '../project.ts'

/** What may stand in a place, with a description. */
interface Candidate {
  readonly value: string
  readonly about: string
}

/** So many runs are offered. */
const mostRuns = 20

function commandsOf(command: Command): Candidate[] {
  return command.commands
    .filter((one) => !(one as Command & { readonly _hidden?: boolean })._hidden)
    .map((one) => ({ value: one.name(), about: one.description() }))
}

function optionsOf(command: Command): Candidate[] {
  const own = command.options
    .filter(({ hidden }) => !hidden)
    .map(({ long, short, description }) => ({ value: long ?? short ?? '', about: description }))
  return own.some(({ value }) => value === '--help')
    ? own
    : [...own, { value: '--help', about: 'the text on this command' }]
}

async function runs(): Promise<Candidate[]> {
  await using pw = await openExisting()
  const { items } = await pw.runs({ limit: mostRuns })
  return items.map(({ id, pipeline, state }) => ({ value: id, about: `${pipeline}, ${state}` }))
}

async function pipelines(): Promise<Candidate[]> {
  const { settings } = await readSettings({}, process.cwd())
  return Object.entries(settings.pipelines ?? {}).map(([value, about]) => ({ value, about }))
}

async function argumentsOf(argument: Argument | undefined): Promise<Candidate[]> {
  switch (argument?.name()) {
    case 'pipeline':
      return pipelines()
    case 'run':
    case 'a':
    case 'b':
      return runs()
    case 'shell':
      return ['bash', 'zsh', 'fish'].map((value) => ({ value, about: '' }))
    default:
      // Files, as the shell completes them.
      return []
  }
}

function takesValue(option: Option | undefined, word: string): boolean {
  return option !== undefined && (option.required || option.optional) && !word.includes('=')
}

async function candidates(program: Command, words: readonly string[]): Promise<Candidate[]> {
  let command = program
  let place = 0
  let open: Option | undefined
  for (const word of words.slice(0, -1)) {
    if (open !== undefined) {
      open = undefined
      continue
    }
    if (word.startsWith('-')) {
      const option = command.options.find(({ long, short }) => long === word.split('=')[0] || short === word)
      if (takesValue(option, word)) open = option
      continue
    }
    const inner = place === 0 ? command.commands.find((one) => one.name() === word) : undefined
    if (inner === undefined) place++
    else command = inner
  }
  const current = words.at(-1) ?? ''
  if (open !== undefined) return open.long === '--run' ? runs() : []
  if (current.startsWith('-')) return optionsOf(command)
  if (command.commands.length > 0 && place === 0) return commandsOf(command)
  return argumentsOf(command.registeredArguments[place])
}

/** `pipewright complete`: what may stand in the place of the last word, a line each. */
export async function completeCommand(program: Command, words: readonly string[]): Promise<void> {
  const current = words.at(-1) ?? ''
  // Nobody wants to read an error while they type.
  const found = await candidates(program, words).catch(() => [])
  for (const { value, about } of found)
    if (value.startsWith(current)) process.stdout.write(`${value}\t${about.replaceAll(/\s+/g, ' ')}\n`)
}
