import type { Peer } from '../peer.ts'

export const dvc: Peer = {
  id: 'dvc',
  title: 'DVC',
  language: 'python',
  imports: 'from dvc.repo import Repo',
  keeps: 'outputs as files, copied to a cache by hash, `dvc.lock` written after each stage',
  cache: { on: 'on by default (`dvc.lock` and its run cache, for what a stage declares)' },
  resume: '`dvc repro`',
  variables: () => ({ DVC_NO_ANALYTICS: '1' }),
  prepare: [
    ['dvc', 'init', '--no-scm', '--quiet'],
    ['dvc', 'config', 'core.analytics', 'false'],
  ],
  before: ({ flow, size }) => [['python', 'write_stages.py', flow, String(size)]],
  command: () => ['dvc', 'repro'],
  note: 'each stage is a command, so a process of its own; it has no map over values: `foreach` over names of files',
}
