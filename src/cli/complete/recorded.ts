import type { RunDetail } from '../../record/records.ts'
import type { Workspace } from '../../workspace/workspace.ts'
import { artifactsOf } from '../actions/artifact-named.ts'
import { openExisting, runNamed } from '../project.ts'
import type { Candidate } from './candidate.ts'

/** So many runs are looked at, and so many offered. */
const [latestRuns, mostRuns] = [200, 20]
/** So many artifacts, or nodes, are offered. */
const most = 200

const unfinished = ['running', 'waiting', 'failed', 'cancelled', 'interrupted']
/** The runs that a command has something to do with; all where it is not here. */
const statesFor: Readonly<Record<string, readonly string[]>> = {
  resume: unfinished,
  cancel: ['running', 'waiting', 'interrupted'],
  approve: ['waiting', 'running'],
  reject: ['waiting', 'running'],
  signal: ['waiting', 'running'],
}

/** The latest runs that a command may be given. */
export async function runsFor(command: string): Promise<Candidate[]> {
  await using pw = await openExisting()
  const states = statesFor[command]
  const { items } = await pw.runs({ limit: latestRuns })
  return items
    .filter(({ state }) => states === undefined || states.includes(state))
    .slice(0, mostRuns)
    .map(({ id, pipeline, state, startedAt }) => ({
      value: id,
      about: `${pipeline}, ${state}, ${new Date(startedAt).toISOString().slice(0, 16).replace('T', ' ')}`,
    }))
}

/** The inputs and outputs of a run, by default the latest. */
export async function artifactsIn(run: string | undefined): Promise<Candidate[]> {
  await using pw = await openExisting()
  const found = [...artifactsOf(await pw.show(await runNamed(pw, run)))].slice(0, most)
  return found.map(({ node, name, artifact }) => ({
    value: node === '' ? name : `${node}.${name}`,
    about: artifact.kind,
  }))
}

function stepsOf({ executions }: RunDetail): Candidate[] {
  return executions
    .filter(({ step }) => step !== null)
    .slice(0, most)
    .map(({ node, state, reused }) => ({ value: node, about: reused === null ? state : 'reused' }))
}

async function waitsOf(pw: Workspace, { id }: RunDetail, on: string): Promise<Candidate[]> {
  const waits = await pw.waits(id)
  return waits
    .filter((wait) => wait.on === on)
    .map(({ node, signal, message }) => ({ value: signal ?? node, about: message ?? '' }))
}

/** The nodes of a run that a command may be given; for `signal` the signals that are waited for. */
export async function nodesFor(command: string, run: string | undefined): Promise<Candidate[]> {
  await using pw = await openExisting()
  const detail = await pw.show(await runNamed(pw, run))
  if (command === 'approve' || command === 'reject') return await waitsOf(pw, detail, 'approval')
  return command === 'signal' ? await waitsOf(pw, detail, 'signal') : stepsOf(detail)
}

/** The schedules of the workspace. */
export async function schedules(): Promise<Candidate[]> {
  await using pw = await openExisting()
  return (await pw.schedules()).map(({ name, pipeline }) => ({ value: name, about: pipeline }))
}

/** The triggers of the workspace. */
export async function triggers(): Promise<Candidate[]> {
  await using pw = await openExisting()
  return (await pw.triggers()).map(({ name, pipeline }) => ({ value: name, about: pipeline }))
}
