import type { Peer } from '../peer.ts'

export const dbos: Peer = {
  id: 'dbos',
  title: 'DBOS',
  language: 'node',
  imports: "import '@dbos-inc/dbos-sdk'",
  keeps: 'a row for each step with its value, committed to PostgreSQL before the next one starts',
  cache: { none: 'there is none: an equal workflow id gives the stored result of that whole workflow' },
  resume: '`DBOS.forkWorkflow(id, step)` (after a crash of the process it goes on by itself)',
  command: ({ flow, size, mode }) => [
    'node',
    'flow.mjs',
    flow,
    String(size),
    ...(mode === 'resume' ? ['resume'] : []),
  ],
  prepare: [['node', 'flow.mjs', 'open']],
  postgres: true,
  note: 'its PostgreSQL was started before; the time that it used and its memory count',
}
