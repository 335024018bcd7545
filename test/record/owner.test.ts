import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import type { Owner } from '../../src/record/event.ts'
import {
  currentOwner,
  ownerAlive,
  parseStat,
  processTable,
  type ProcessTable,
} from '../../src/record/owner.ts'

const owner: Owner = { host: 'h', pid: 42, processStart: '100', boot: 'b1', namespace: 'n1' }

function table(start: ReturnType<ProcessTable['startOf']>, more: Partial<ProcessTable> = {}): ProcessTable {
  return { host: 'h', boot: 'b1', namespace: 'n1', startOf: () => start, ...more }
}

describe('ownerAlive', () => {
  it.each([
    ['the same process', table({ start: '100' }), 'alive'],
    ['the pid belongs to a later process', table({ start: '200' }), 'dead'],
    ['no such process', table('gone'), 'dead'],
    ['the host was started again', table({ start: '100' }, { boot: 'b2' }), 'dead'],
    ['another host', table('gone', { host: 'other' }), 'unknown'],
    ['another pid namespace', table('gone', { namespace: 'n2' }), 'unknown'],
    ['a process that cannot be looked at', table('unknown'), 'unknown'],
    ['a system that cannot be looked at', table('gone', { boot: 'unknown' }), 'unknown'],
  ] as const)('%s', (_, processes, expected) => {
    expect(ownerAlive(owner, processes)).toBe(expected)
  })

  it('knows this process, and one that has ended', async () => {
    expect(ownerAlive(currentOwner())).toBe('alive')
    const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60000)'])
    const start = processTable().startOf(child.pid!)
    const other: Owner = {
      ...currentOwner(),
      pid: child.pid!,
      processStart: (start as { start: string }).start,
    }
    expect(ownerAlive(other)).toBe('alive')
    child.kill('SIGKILL')
    await once(child, 'exit')
    expect(ownerAlive(other)).toBe('dead')
  })
})

describe('parseStat', () => {
  const rest = 'S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 4711 20'

  it('finds the start behind any name', () => {
    expect(parseStat(`7 (a) b) (x) ${rest.replace(' 19 ', ' ')}`)).toEqual({ start: '4711' })
  })

  it('takes a zombie for gone', () => {
    expect(parseStat(`7 (node) Z${rest.slice(1)}`)).toBe('gone')
  })
})
