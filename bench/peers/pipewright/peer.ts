import type { Peer } from '../peer.ts'

export const pipewright: Peer = {
  id: 'pipewright',
  title: 'Pipewright',
  language: 'node',
  imports: "import 'pipewright'",
  keeps: 'each output by content, each event in SQLite, committed before the next step starts',
  cache: { on: 'on by default' },
  resume: '`pw.resume(run)`, `pipewright resume`',
  variables: (_, { size }) => ({ PEERS_SIZE: String(size) }),
  prepare: [['node', 'main.mjs', 'open']],
  command: ({ flow, mode }) =>
    flow === 'truth'
      ? ['node', 'truth.mjs']
      : ['node', 'main.mjs', flow, ...(mode === 'resume' ? ['resume'] : [])],
}
