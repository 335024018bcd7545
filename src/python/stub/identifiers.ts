/** What no constant of a module may be called. */
const reserved =
  'arguments await break case catch class const continue debugger default delete do else enum eval export extends false finally for function if implements import in instanceof interface let new null package private protected public return static super switch this throw true try typeof undefined var void while with yield NaN Infinity z definePythonStep directory file list model table'

/** The names of a module, each given once. */
export class Identifiers {
  readonly #taken = new Set(reserved.split(' '))

  /** The name, or one like it that is free. */
  take(name: string, ending: string): string {
    const names = [name, `${name}${ending}`]
    for (let count = 2; names.every((one) => this.#taken.has(one)); count++)
      names.push(`${name}${ending}${count}`)
    const free = names.find((one) => !this.#taken.has(one))!
    this.#taken.add(free)
    return free
  }
}

function wordsOf(name: string): string[] {
  return name
    .replaceAll(/(\p{Ll}|\p{N})(\p{Lu})/gu, '$1_$2')
    .split('_')
    .filter((word) => word !== '')
}

/** The name of a constant for a function of Python: `fit_model` is `fitModel`. */
export function constantName(name: string): string {
  const [first = 'step', ...others] = wordsOf(name).map((word) => word.toLowerCase())
  const joined = [first, ...others.map((word) => word[0]!.toUpperCase() + word.slice(1))].join('')
  return /^\p{ID_Start}/u.test(joined) ? joined : `step${joined}`
}

/** The name of a step for a function of Python: `fit_model` is `fit-model`. */
export function stepName(name: string): string {
  return wordsOf(name).join('-').toLowerCase() || name
}
