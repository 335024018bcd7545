import type { Peer } from '../peer.ts'

export const kfp: Peer = {
  id: 'kfp',
  title: 'Kubeflow Pipelines, local',
  language: 'python',
  imports: 'from kfp import dsl, local',
  keeps: 'outputs as files of each task; no record of runs',
  cache: { on: '`local.init(…, enable_caching=True)`' },
  resume: 'the same command, with the cache turned on',
  command: ({ flow, size }) =>
    flow === 'truth' ? ['python', 'truth.py'] : ['python', 'flow.py', flow, String(size)],
  note: '`SubprocessRunner`: processes for each step',
}
