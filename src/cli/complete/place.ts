import type { Argument, Command, Option } from 'commander'
import { own } from '../../internal/own.ts'
import { optionWords } from '../option-words.ts'
import { anyFile, oneOf, type Candidate, type Place } from './candidate.ts'

/** What was typed before the word that is completed. */
interface Typed {
  readonly command: Command
  readonly given: readonly string[]
  /** The option whose value the word is. */
  readonly open: Option | undefined
  /** The values of options, by their long names. */
  readonly values: ReadonlyMap<string, string>
}

function commandsOf(command: Command): Candidate[] {
  return command.commands
    .filter((one) => !(one as Command & { readonly _hidden?: boolean })._hidden)
    .map((one) => ({ value: one.name(), about: one.description() }))
}

function optionsOf(command: Command): Candidate[] {
  const all = command.options
    .filter(({ hidden }) => !hidden)
    .map(({ long, short, description }) => ({ value: long ?? short ?? '', about: description }))
  return all.some(({ value }) => value === '--help')
    ? all
    : [...all, { value: '--help', about: 'the text on this command' }]
}

function optionOf(command: Command, word: string): Option | undefined {
  const [name] = word.split('=')
  return command.options.find(({ long, short }) => long === name || short === word)
}

function typedBefore(program: Command, words: readonly string[]): Typed {
  let command = program
  let open: Option | undefined
  const given: string[] = []
  const values = new Map<string, string>()
  for (const word of words) {
    if (open !== undefined) {
      values.set(open.long ?? '', word)
      open = undefined
    } else if (word.startsWith('-')) {
      const option = optionOf(command, word)
      const takes = option !== undefined && (option.required || option.optional)
      if (takes && word.includes('=')) values.set(option.long ?? '', word.slice(word.indexOf('=') + 1))
      else if (takes) open = option
    } else {
      const inner = given.length === 0 ? command.commands.find((one) => one.name() === word) : undefined
      if (inner === undefined) given.push(word)
      else command = inner
    }
  }
  return { command, given, open, values }
}

async function argumentPlace(
  argument: Argument | undefined,
  { command, given, values }: Typed,
): Promise<Place> {
  const recorded = await import('./recorded.ts')
  const defined = await import('./defined.ts')
  switch (argument?.name()) {
    case 'pipeline':
      return { candidates: await defined.pipelines().catch(() => []), files: true }
    case 'run':
    case 'a':
    case 'b':
      return oneOf(await recorded.runsFor(command.name()))
    case 'node':
    case 'name':
      return oneOf(await recorded.nodesFor(command.name(), given[0]))
    case 'artifact':
      return oneOf(await recorded.artifactsIn(values.get('--run')))
    case 'schedule':
      return oneOf(await recorded.schedules())
    case 'trigger':
      return oneOf(await recorded.triggers())
    case 'schedule-or-pipeline': {
      const pipelines = await defined.pipelines().catch(() => [])
      return { candidates: [...(await recorded.schedules().catch(() => [])), ...pipelines], files: true }
    }
    case 'shell':
      return oneOf(['bash', 'zsh', 'fish'].map((value) => ({ value, about: '' })))
    case 'payload':
    case undefined:
      return oneOf([])
    default:
      return anyFile
  }
}

/** The value of an option; `word` is what there is of it. */
async function valuePlace({ long = '' }: Option, word: string, typed: Typed): Promise<Place> {
  const words = own(optionWords, long)
  if (words !== undefined) return oneOf(words.map((value) => ({ value, about: '' })))
  const { command, given } = typed
  const ofRun = command.registeredArguments[0]?.name() === 'run'
  switch (long) {
    case '--run':
    case '--compare':
    case '--like':
      return oneOf(await (await import('./recorded.ts')).runsFor(command.name()))
    case '--input':
      // What comes behind may be a file, or a value that nobody but the user knows.
      if (word.includes('=') || ofRun) return anyFile
      return oneOf(await (await import('./defined.ts')).inputsOf(given[0]))
    case '--from':
    case '--to':
    case '--only':
    case '--refresh':
      return command.name() === 'backfill'
        ? oneOf([])
        : ofRun
          ? oneOf(await (await import('./recorded.ts')).nodesFor(command.name(), given[0]))
          : oneOf(await (await import('./defined.ts')).nodesOf(given[0]))
    case '--inputs':
    case '--out':
    case '--output':
    case '--built':
    case '--path':
    case '--python':
    case '--payload':
      return anyFile
    case '--pipeline':
      return oneOf(await (await import('./defined.ts')).pipelines())
    default:
      // Numbers, times and names that are made up.
      return oneOf([])
  }
}

/** What may stand in the place of the last word. Candidates are whole words. */
export async function placeOf(program: Command, words: readonly string[]): Promise<Place> {
  const typed = typedBefore(program, words.slice(0, -1))
  const { command, open, given } = typed
  const current = words.at(-1) ?? ''
  if (open !== undefined) {
    const place = await valuePlace(open, current, typed)
    // `--refresh` may stand without a value.
    return open.optional && current.startsWith('-') ? oneOf(optionsOf(command)) : place
  }
  if (current.startsWith('--') && current.includes('=')) {
    const option = optionOf(command, current)
    if (option === undefined || option.long == null) return oneOf([])
    const head = `${option.long}=`
    const { candidates, files } = await valuePlace(option, current.slice(head.length), typed)
    return { candidates: candidates.map((one) => ({ ...one, value: head + one.value })), files }
  }
  if (current.startsWith('-')) return oneOf(optionsOf(command))
  if (command.commands.length > 0 && given.length === 0) return oneOf(commandsOf(command))
  return argumentPlace(command.registeredArguments[given.length], typed)
}
