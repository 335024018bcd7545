import type { Peer } from '../peer.ts'

export const flytekit: Peer = {
  id: 'flytekit',
  title: 'flytekit (Flyte 1)',
  language: 'python',
  imports: 'from flytekit import task, workflow',
  keeps: 'nothing: values pass in memory, and no run is recorded (with its cache on: results on disk)',
  durable: false,
  cache: { on: '`@task(cache=True, cache_version=…)`, the version raised by hand' },
  resume: 'the same command, with the cache turned on',
  variables: () => ({ FLYTE_LOCAL_CACHE_ENABLED: 'true' }),
  command: ({ flow, size }) =>
    flow === 'truth' ? ['python', 'truth.py'] : ['python', 'flow.py', flow, String(size)],
  note: 'nothing is durable: only its speed compares',
}
