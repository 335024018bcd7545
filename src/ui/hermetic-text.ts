import { printable } from './text.ts'

/** What a report on undeclared uses says, as far as it is printed. */
interface Report {
  readonly uses: readonly {
    readonly what: string
    readonly file: string
    readonly line: number
    readonly kind: string
    readonly steps: readonly string[]
  }[]
  readonly steps: readonly {
    readonly step: string
    readonly state: string
    readonly reason: string | undefined
  }[]
  readonly limits: readonly string[]
}

const remedies: Readonly<Record<string, string>> = {
  file: 'take it as a file() or directory() input',
  network: "fetch it in a step that says cache: 'never' or { ttl }",
  process: "run it in a step that says cache: 'never', or make its result an input",
  clock: 'use ctx.now()',
  random: 'use ctx.random()',
  environment: 'declare it: env: [name], or make it an input',
}

/** What Python has in their place. */
const remediesOfPython: Readonly<Record<string, string>> = {
  ...remedies,
  clock: 'take the time as an input',
  random: 'draw from random or numpy.random, which are seeded, or seed by pipewright_worker.seed()',
}

/** The lines of a report: uses, then what has become of the steps, then what was not seen. */
export function hermeticLines({ uses, steps, limits }: Report): string[] {
  const lines = uses.map(({ what, file, line, kind, steps: by }) =>
    printable(
      `error  ${file}:${line}  ${what}  (step ${by.join(', ')}; ${(file.endsWith('.py') ? remediesOfPython : remedies)[kind] ?? ''})`,
    ),
  )
  for (const { step, state, reason } of steps)
    if (state !== 'checked')
      lines.push(printable(`${state.padEnd(6)} ${step}${reason === undefined ? '' : `: ${reason}`}`))
  for (const limit of limits) lines.push(printable(`note   ${limit}`))
  return lines
}
