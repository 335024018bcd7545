import type { Peer } from '../peer.ts'

export const zenml: Peer = {
  id: 'zenml',
  title: 'ZenML',
  language: 'python',
  imports: 'from zenml import pipeline, step',
  keeps: 'outputs as files of the local artifact store, runs in SQLite',
  cache: { on: 'on by default' },
  resume: 'the same command (its cache is on by default)',
  variables: (folder) => ({
    ZENML_CONFIG_PATH: `${folder}/state/zenml`,
    ZENML_ANALYTICS_OPT_IN: 'false',
    ZENML_LOGGING_VERBOSITY: 'WARN',
  }),
  // Steps of runs without caching are hit by later runs with it: that of the warm-up must not be there.
  prepare: [
    ['python', 'flow.py', 'chain', '1'],
    ['rm', '-r', 'state/zenml'],
    ['python', 'open.py'],
  ],
  command: ({ flow, size }) =>
    flow === 'truth' ? ['python', 'truth.py'] : ['python', 'flow.py', flow, String(size)],
}
