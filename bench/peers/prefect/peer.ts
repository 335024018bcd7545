import type { Peer } from '../peer.ts'

export const prefect: Peer = {
  id: 'prefect',
  title: 'Prefect',
  language: 'python',
  imports: 'from prefect import flow, task',
  keeps: 'results as files, runs in the SQLite database of an API server that each run starts and stops',
  cache: { on: '`persist_result=True` and `cache_policy=INPUTS + TASK_SOURCE` on each task' },
  resume: 'the same command, with the cache turned on',
  variables: (folder) => ({
    PREFECT_HOME: `${folder}/state/prefect`,
    PREFECT_SERVER_ANALYTICS_ENABLED: 'false',
    PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS: '120',
  }),
  command: ({ flow, size }) =>
    flow === 'truth' ? ['python', 'truth.py'] : ['python', 'flow.py', flow, String(size)],
  note: 'fastapi is pinned: with the newest one Prefect 3.8.8 does not start',
}
