import type { Argument, Command, Option } from 'commander'
import { readSettings } from '../../workspace/open.ts'
import { openExisting, runNamed } from '../project.ts'
import { artifactsOf } from './artifact-named.ts'

/** What may stand in a place, with a description. */
interface Candidate {
  readonly value: string
  readonly about: string
}

/** So many runs are offered. */
const mostRuns = 20
/** So many artifacts are offered. */
const mostArtifacts = 200

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

async function artifacts(): Promise<Candidate[]> {
  await using pw = await openExisting()
  const detail = await pw.show(await runNamed(pw, undefined))
  const found = [...artifactsOf(detail)].slice(0, mostArtifacts)
  return found.map(({ node, name, artifact }) => ({
    value: node === '' ? name : `${node}.${name}`,
    about: artifact.kind,
  }))
}

async function schedules(): Promise<Candidate[]> {
  await using pw = await openExisting()
  return (await pw.schedules()).map(({ name, pipeline }) => ({ value: name, about: pipeline }))
}

async function triggers(): Promise<Candidate[]> {
  await using pw = await openExisting()
  return (await pw.triggers()).map(({ name, pipeline }) => ({ value: name, about: pipeline }))
}

/** What may stand in a place. */
interface Place {
  readonly candidates: readonly Candidate[]
  /** Files, as the shell completes them. */
  readonly files: boolean
}

const anyFile: Place = { candidates: [], files: true }

async function argumentsOf(argument: Argument | undefined): Promise<Place> {
  switch (argument?.name()) {
    case 'pipeline':
      return { candidates: await pipelines().catch(() => []), files: true }
    case 'run':
    case 'a':
    case 'b':
      return { candidates: await runs(), files: false }
    case 'artifact':
      return { candidates: await artifacts(), files: false }
    case 'schedule':
      return { candidates: await schedules(), files: false }
    case 'trigger':
      return { candidates: await triggers(), files: false }
    case 'schedule-or-pipeline':
      return {
        candidates: [...(await schedules().catch(() => [])), ...(await pipelines().catch(() => []))],
        files: true,
      }
    case 'shell':
      return { candidates: ['bash', 'zsh', 'fish'].map((value) => ({ value, about: '' })), files: false }
    case undefined:
    case 'node':
      return { candidates: [], files: false }
    default:
      return anyFile
  }
}

function takesValue(option: Option | undefined, word: string): boolean {
  return option !== undefined && (option.required || option.optional) && !word.includes('=')
}

async function placeOf(program: Command, words: readonly string[]): Promise<Place> {
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
  if (open !== undefined)
    return open.long === '--run' || open.long === '--compare'
      ? { candidates: await runs(), files: false }
      : anyFile
  if (current.startsWith('-')) return { candidates: optionsOf(command), files: false }
  if (command.commands.length > 0 && place === 0) return { candidates: commandsOf(command), files: false }
  return argumentsOf(command.registeredArguments[place])
}

/** `pipewright complete`: what may stand in the place of the last word, a line each; `:files` where files may. */
export async function completeCommand(program: Command, words: readonly string[]): Promise<void> {
  const current = words.at(-1) ?? ''
  // Nobody wants to read an error while they type.
  const { candidates, files } = await placeOf(program, words).catch(() => ({ candidates: [], files: false }))
  for (const { value, about } of candidates)
    if (value.startsWith(current)) process.stdout.write(`${value}\t${about.replaceAll(/\s+/g, ' ')}\n`)
  if (files) process.stdout.write(':files\n')
}
