import { readFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { PipewrightError } from '../../internal/error.ts'
import type { Json } from '../../internal/json.ts'
import { printable } from '../../ui/text.ts'
import type { Workspace } from '../../workspace/workspace.ts'
import { print, printJson, printNext } from '../output.ts'
import { openExisting, runNamed } from '../project.ts'

/** What `approve` and `reject` are given. */
export interface DecisionArguments {
  readonly by?: string
  readonly role?: readonly string[]
  readonly reason?: string
  readonly payload?: string
  readonly json?: boolean
}

/** What `signal` is given. */
export type SignalArguments = Pick<DecisionArguments, 'by' | 'json'>

async function payloadOf(text: string | undefined, option: string): Promise<Json | undefined> {
  if (text === undefined) return undefined
  const json = text.startsWith('@') ? await readFile(text.slice(1), 'utf8') : text
  try {
    return JSON.parse(json) as Json
  } catch (error) {
    throw new PipewrightError('INPUT_INVALID', `${option} is not JSON: ${(error as Error).message}`, {
      fix: `quote it for the shell: ${option === 'payload' ? '' : '--payload '}'{"traffic":0.1}'; or give a file: @decision.json`,
      cause: error,
    })
  }
}

/** Who runs the command, as the machine knows them. */
function whoAmI(): string {
  return process.env['USER'] ?? userInfo().username
}

async function printAfter(pw: Workspace, run: string, text: string): Promise<void> {
  print(printable(text))
  const { state, owner } = await pw.show(run)
  const isDriven = owner !== null && (state === 'running' || state === 'waiting')
  await printNext(isDriven ? `pipewright show ${run}` : `pipewright resume ${run}`)
}

/** `pipewright approve` and `pipewright reject`. */
export async function decideCommand(
  given: string,
  node: string | undefined,
  approved: boolean,
  { by = whoAmI(), role = [], reason, payload, json = false }: DecisionArguments,
): Promise<void> {
  await using pw = await openExisting()
  const run = await runNamed(pw, given)
  const carried = await payloadOf(payload, '--payload')
  const options = {
    by,
    roles: role,
    ...(node === undefined ? {} : { node }),
    ...(reason === undefined ? {} : { reason }),
  }
  const decided = approved
    ? await pw.approve(run, { ...options, ...(carried === undefined ? {} : { payload: carried }) })
    : await pw.reject(run, options)
  if (json) return printJson({ run, node: decided, approved, by })
  await printAfter(pw, run, `'${decided}' of run ${run} was ${approved ? 'approved' : 'rejected'} by ${by}`)
}

/** `pipewright signal`. */
export async function signalCommand(
  given: string,
  name: string,
  payload: string | undefined,
  { by = whoAmI(), json = false }: SignalArguments,
): Promise<void> {
  await using pw = await openExisting()
  const run = await runNamed(pw, given)
  await pw.signal(run, name, (await payloadOf(payload, 'payload')) ?? null, { by })
  if (json) return printJson({ run, signal: name, by })
  await printAfter(pw, run, `signal '${name}' was sent to run ${run}`)
}
