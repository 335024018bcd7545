import type { Peer } from '../peer.ts'

function dagsterWith(executor: 'in-process' | 'multiprocess'): Peer {
  return {
    id: executor === 'in-process' ? 'dagster' : 'dagster-multiprocess',
    title: `Dagster, ${executor === 'in-process' ? 'one process' : 'a process for each step (its default)'}`,
    language: 'python',
    environment: 'dagster',
    imports: 'from dagster import job, op',
    keeps: 'each output pickled in a file, each event in SQLite databases',
    cache: {
      none: 'there is none: `code_version` marks assets as stale, a job that is launched runs every op',
    },
    resume: '`execute_job` with `ReexecutionOptions.from_failure`, from Python or its UI',
    variables: (folder, { size }) => ({
      DAGSTER_HOME: folder,
      DAGSTER_DISABLE_TELEMETRY: 'yes',
      PEERS_EXECUTOR: executor,
      PEERS_SIZE: String(size),
    }),
    command: ({ flow, mode }) => ['python', 'flow.py', flow, ...(mode === 'resume' ? ['resume'] : [])],
  }
}

export const dagster = dagsterWith('in-process')
export const dagsterMultiprocess = dagsterWith('multiprocess')
