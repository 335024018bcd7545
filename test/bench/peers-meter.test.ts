import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { meter, type Metered } from '../../bench/peers/meter.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'peers-meter-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

async function measure(program: string, limit = 60): Promise<Metered> {
  const path = join(folder, 'program.py')
  await writeFile(path, program)
  return meter(['python3', path], { folder, env: process.env, limit })
}

// The meter reads /proc, as `npm run bench:peers` says.
const onLinux = test.runIf(process.platform === 'linux')

onLinux('the time of a process that has left its parent counts', async () => {
  const { code, cpu, rss, said } = await measure(`
import os, time
if os.fork() == 0:
    if os.fork() == 0:
        os.setsid()
        while time.process_time() < 0.5:
            pass
        open('done', 'w').close()
    os._exit(0)
os.wait()
while not os.path.exists('done'):
    time.sleep(0.01)
print('the end')
`)
  expect({ code, said }).toEqual({ code: 0, said: 'the end' })
  expect(cpu).toBeGreaterThan(0.5)
  expect(rss).toBeGreaterThan(1)
})

onLinux('a daemon does not stay behind, and the exit code is that of the command', async () => {
  const { code } = await measure(`
import os, sys, time
if os.fork() == 0:
    os.setsid()
    open('daemon', 'w').write(str(os.getpid()))
    time.sleep(600)
while not os.path.exists('daemon') or open('daemon').read() == '':
    time.sleep(0.01)
sys.exit(3)
`)
  expect(code).toBe(3)
  expect(existsSync(`/proc/${await readFile(join(folder, 'daemon'), 'utf8')}`)).toBe(false)
})

onLinux('what takes longer than its limit is stopped', async () => {
  const { code } = await measure('import time\ntime.sleep(600)\n', 0.2)
  expect(code).toBe(null)
})
