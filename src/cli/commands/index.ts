import type { Command } from 'commander'
import { registerArtifacts } from './artifacts.ts'
import { registerBackfill } from './backfill.ts'
import { registerCancel } from './cancel.ts'
import { registerCheck } from './check.ts'
import { registerCompare } from './compare.ts'
import { registerCompletion } from './completion.ts'
import { registerDecide, registerSignal } from './decide.ts'
import { registerDigests } from './digests.ts'
import { registerDoctor } from './doctor.ts'
import { registerExplain } from './explain.ts'
import { registerGc } from './gc.ts'
import { registerGraph } from './graph.ts'
import { registerInit } from './init.ts'
import { registerLogs } from './logs.ts'
import { registerPlan } from './plan.ts'
import { registerPy } from './py.ts'
import { registerReport } from './report.ts'
import { registerRerun } from './rerun.ts'
import { registerResume } from './resume.ts'
import { registerRun } from './run.ts'
import { registerRuns } from './runs.ts'
import { registerSchedules, registerTriggers } from './schedules.ts'
import { registerShow } from './show.ts'
import { registerStep } from './step.ts'
import { registerUp } from './up.ts'
import { registerWhy } from './why.ts'

/** A heading of the help, with the commands below it. */
export interface CommandGroup {
  readonly title: string
  readonly commands: readonly ((program: Command) => void)[]
}

/** Every command, as the help lists them. */
export const commandGroups: readonly CommandGroup[] = [
  { title: 'Start:', commands: [registerInit, registerDoctor] },
  {
    title: 'Run:',
    commands: [registerRun, registerResume, registerRerun, registerCancel, registerDecide, registerSignal],
  },
  {
    title: 'Drive:',
    commands: [registerUp, registerSchedules, registerTriggers, registerBackfill],
  },
  { title: 'Before a run:', commands: [registerPlan, registerCheck, registerGraph, registerPy] },
  {
    title: 'After a run:',
    commands: [
      registerRuns,
      registerShow,
      registerReport,
      registerLogs,
      registerExplain,
      registerWhy,
      registerCompare,
      registerStep,
      registerArtifacts,
    ],
  },
  { title: 'Upkeep:', commands: [registerGc, registerDigests, registerCompletion] },
]
