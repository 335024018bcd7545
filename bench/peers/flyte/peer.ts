import type { Peer } from '../peer.ts'

export const flyte: Peer = {
  id: 'flyte',
  title: 'Flyte 2',
  language: 'python',
  imports: 'import flyte',
  keeps: 'a row for each step with its value in a local SQLite database (off by default)',
  cache: { on: "`TaskEnvironment(cache='auto')`" },
  resume: 'the same command, with the cache turned on',
  command: ({ flow, size }) =>
    flow === 'truth' ? ['python', 'truth.py'] : ['python', 'flow.py', flow, String(size)],
}
