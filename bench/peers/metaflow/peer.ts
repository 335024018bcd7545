import type { Peer } from '../peer.ts'

export const metaflow: Peer = {
  id: 'metaflow',
  title: 'Metaflow',
  language: 'python',
  imports: 'from metaflow import FlowSpec, step',
  keeps: 'each attribute of a step pickled in the local datastore, metadata and logs as files',
  cache: { none: 'there is none: `resume` takes over the finished steps of one earlier run' },
  resume: '`python flow.py resume`',
  smallest: 2,
  variables: (folder) => ({ METAFLOW_DATASTORE_SYSROOT_LOCAL: `${folder}/state`, USERNAME: 'peers' }),
  before: ({ flow, size, mode }) =>
    mode === 'first' ? [['python', 'write_flow.py', flow, String(size)]] : [],
  command: ({ flow, size, mode }) =>
    mode === 'resume'
      ? ['python', 'flow.py', 'resume']
      : ['python', 'flow.py', 'run', ...(flow === 'map' ? ['--max-num-splits', String(size)] : [])],
  note: 'a process for each step; its own limit of 100 splits is raised where the map is wider',
}
