import { spawn, type ChildProcess } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { tempFolder } from '../workspace/temp.ts'
import { command, commandEnvironment, pipewright, projectFolder } from './command.ts'

/** A process whose standard error is waited for, piece by piece. */
class Watched {
  readonly child: ChildProcess
  readonly ended: Promise<number | null>
  #text = ''
  #seen = 0

  constructor(cwd: string, args: readonly string[]) {
    this.child = spawn(process.execPath, [...command, ...args], {
      cwd,
      env: { ...process.env, ...commandEnvironment },
    })
    for (const stream of [this.child.stderr!, this.child.stdout!])
      stream.setEncoding('utf8').on('data', (text: string) => (this.#text += text))
    this.ended = new Promise((resolve) => this.child.on('close', resolve))
    onTestFinished(() => void this.child.kill('SIGKILL'))
  }

  /** Waits for a text after the one that was waited for last. */
  async until(text: string): Promise<string> {
    for (;;) {
      const at = this.#text.indexOf(text, this.#seen)
      if (at >= 0) {
        const found = this.#text.slice(this.#seen, at + text.length)
        this.#seen = at + text.length
        return found
      }
      if (this.child.exitCode !== null) throw new Error(`it never said ${text}:\n${this.#text}`)
      await new Promise((resolve) => setTimeout(resolve, 25))
    }
  }
}

const pipeline = (factor: string): string => `import { factor } from './factor.ts'
import { defineStep, definePipeline, file } from 'pipewright'
import { z } from 'zod'
const times = defineStep({
  name: 'times',
  inputs: { text: file('text/plain') },
  outputs: { value: z.number() },
  run: async ({ text }) => ({ value: Number(await text.text()) * factor ${factor} }),
})
export const timed = definePipeline({ name: 'timed', inputs: { text: file('text/plain') } }, (p, input) => ({
  value: p.step(times, { text: input.text }).value,
}))
`

test('runs again when a module, an input or the config file changes; a mistake does not end it', async () => {
  const cwd = await projectFolder()
  const write = (name: string, text: string): Promise<void> => writeFile(join(cwd, name), text)
  await write('factor.ts', 'export const factor = 2\n')
  await write('timed.ts', pipeline('+ 0'))
  await write('number.txt', '4')
  const watched = new Watched(cwd, ['run', 'timed.ts', '-i', 'text=number.txt', '--watch'])
  await watched.until('value: 8')
  await watched.until('next: change a source or an input')
  await write('number.txt', '5')
  expect(await watched.until('value: 10')).toContain('changed: ')
  await watched.until('next: change')
  await write('factor.ts', 'export const factor = 3\n')
  expect(await watched.until('value: 15')).toContain('factor.ts')
  await watched.until('next: change')
  await write('timed.ts', pipeline('+ +'))
  await watched.until('cannot be loaded')
  await watched.until('next: change')
  await write('timed.ts', pipeline('+ 1'))
  await watched.until('value: 16')
  await watched.until('next: change')
  watched.child.kill('SIGTERM')
  expect(await watched.ended).toBe(0)
  const { items } = JSON.parse((await pipewright(cwd, 'runs', '--json')).out) as { items: unknown[] }
  expect(items).toHaveLength(4)
})

test('what cannot be watched is refused', async () => {
  const cwd = await tempFolder()
  await writeFile(join(cwd, 'timed.ts'), '')
  for (const option of [
    ['--inputs', '-'],
    ['--key', 'mine'],
  ]) {
    const { code, err } = await pipewright(cwd, 'run', 'timed.ts', '--watch', ...option)
    expect({ code, err }).toMatchObject({
      code: 2,
      err: expect.stringContaining(
        `--watch is not possible with ${option.join(' ').replace(' mine', '')}`,
      ) as string,
    })
  }
})
