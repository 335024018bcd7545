import type { Peer } from '../peer.ts'

export const kedro: Peer = {
  id: 'kedro',
  title: 'Kedro',
  language: 'python',
  imports: 'from kedro.pipeline import Pipeline, node; from kedro.runner import SequentialRunner',
  keeps: 'each output as a JSON file; no record of runs',
  cache: { on: '`--only-missing-outputs`: it looks whether the output is there, not what it was made from' },
  resume: '`kedro run --only-missing-outputs`',
  variables: (_, { flow, size }) => ({
    PEERS_SIZE: String(size),
    PEERS_TRUTH: flow === 'truth' ? 'on' : 'off',
    KEDRO_DISABLE_TELEMETRY: 'true',
  }),
  prepare: [
    ['mkdir', '-p', 'conf/local'],
    ['kedro', 'run'],
    ['rm', '-r', 'state/data'],
  ],
  before: ({ flow }) => (flow === 'truth' ? [['cp', 'inputs.json', 'conf/base/parameters.yml']] : []),
  command: ({ flow, mode }) => [
    'kedro',
    'run',
    ...(flow === 'map' ? ['--pipeline', 'map'] : []),
    ...(mode !== 'first' ? ['--only-missing-outputs'] : []),
  ],
  note: 'it has no map: a graph of so many nodes was written',
}
