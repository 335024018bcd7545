import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { threadId } from 'node:worker_threads'
import { removeFolder, tempFolder } from '../temp-folders.ts'

/** How often is looked whether a node hangs in another thread or process, in milliseconds. */
const betweenLooks = 5

/** Where this code runs. */
const here = `${process.pid}/${threadId}`

/** What is called for nodes that hang in this thread, by their folder and node. */
const events = new Map<string, () => void>()

/** A file of a node; what is to happen in its next tries is in it. */
function fileOf(folder: string, node: string, what: 'fails' | 'hangs' | 'hung'): string {
  return join(folder, `${encodeURIComponent(node)}.${what}`)
}

/** One execution of a step. */
interface Executed {
  readonly node: string
  /** The process and thread. */
  readonly where: string
}

/**
 * Where the steps of a graph run: what they have done is seen, and what happens in them can be said. Both are in files,
 * since steps may run in other threads and processes, which are given the folder.
 */
export class Stage {
  readonly folder = tempFolder()
  /** What looks for nodes that hang elsewhere, by their files. */
  readonly #looking = new Map<string, NodeJS.Timeout>()

  constructor() {
    mkdirSync(this.folder)
  }

  /** Nodes in the order in which their steps were executed. */
  get executed(): readonly string[] {
    return this.#executions().map(({ node }) => node)
  }

  /** Nodes whose steps were executed in this thread. */
  get executedHere(): readonly string[] {
    return this.#executions().flatMap(({ node, where }) => (where === here ? [node] : []))
  }

  /** Lets the next tries of a node fail. */
  fail(node: string, times: number): void {
    writeFileSync(fileOf(this.folder, node, 'fails'), String(times))
  }

  /** Lets something happen in the next try of a node, which then waits until it is aborted. */
  hang(node: string, event: () => void = () => undefined): void {
    const hung = fileOf(this.folder, node, 'hung')
    const happen = (): void => {
      this.#forget(hung)
      event()
    }
    events.set(hung, happen)
    const look = (): void => {
      if (existsSync(hung)) happen()
    }
    this.#looking.set(hung, setInterval(look, betweenLooks))
    writeFileSync(fileOf(this.folder, node, 'hangs'), '')
  }

  close(): void {
    for (const hung of this.#looking.keys()) this.#forget(hung)
    removeFolder(this.folder)
  }

  #forget(hung: string): void {
    events.delete(hung)
    clearInterval(this.#looking.get(hung))
    this.#looking.delete(hung)
  }

  #executions(): readonly Executed[] {
    const file = join(this.folder, 'executed')
    if (!existsSync(file)) return []
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
    return lines.map((line) => JSON.parse(line) as Executed)
  }
}

/** Begins a step on a stage, in whatever thread or process. */
export async function enterStage(folder: string, node: string, signal: AbortSignal): Promise<void> {
  appendFileSync(join(folder, 'executed'), `${JSON.stringify({ node, where: here } satisfies Executed)}\n`)
  const fails = fileOf(folder, node, 'fails')
  const left = existsSync(fails) ? Number(readFileSync(fails, 'utf8')) : 0
  if (left > 0) {
    writeFileSync(fails, String(left - 1))
    throw new Error(`'${node}' fails`)
  }
  const hangs = fileOf(folder, node, 'hangs')
  if (!existsSync(hangs)) return
  const hung = fileOf(folder, node, 'hung')
  const aborted = new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
  // One that is cut off hangs no second time.
  rmSync(hangs)
  const event = events.get(hung)
  if (event === undefined) writeFileSync(hung, '')
  else event()
  if (!signal.aborted) await aborted
  throw signal.reason
}
