import { shellWord } from './shell-word.ts'

/** A wait, as far as the command goes that ends it. */
interface OpenWait {
  readonly node: string
  readonly on: 'time' | 'signal' | 'approval'
  readonly signal?: string
  readonly by?: readonly string[]
}

/** The first of those who may decide, as `approve` is told of them. */
function decider([first]: readonly string[] = []): string {
  if (first === undefined) return ''
  return first.startsWith('role:')
    ? ` --role ${shellWord(first.slice('role:'.length))}`
    : ` --by ${shellWord(first)}`
}

/** The command that gives a run what it waits for; undefined where that is its time. */
export function waitCommand(run: string, { node, on, signal, by }: OpenWait): string | undefined {
  if (on === 'approval') return `pipewright approve ${run} ${shellWord(node)}${decider(by)}`
  return on === 'signal' ? `pipewright signal ${run} ${shellWord(signal ?? node)}` : undefined
}
