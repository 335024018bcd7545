import { describe, expect, test } from 'vitest'
import { pathWithoutUv, requirementsProjectOfFiles } from '../python/requirements-project.ts'
import { pipewrightWith, type Result } from './command.ts'
import { ShownTerminal } from './terminal.ts'

const env = { ...process.env, PATH: pathWithoutUv(), CI: '' }

function pipewright(cwd: string, ...args: string[]): Promise<Result> {
  return pipewrightWith({ cwd, env }, args)
}

describe('while an environment of Python is made', () => {
  test.each([80, 40])('a terminal of %i columns shows a line', async (columns) => {
    const cwd = await requirementsProjectOfFiles()
    const shown = new ShownTerminal(['plan', 'needing'], { columns, rows: 12, cwd, env })
    const making = await shown.until((text) => /[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] environment of req/.test(text), 'the making')
    expect(making).toMatch(/environment of req.*(…|Python \d.*) {2}(\d+ ms|[\d.]+ s)/)
    expect(await shown.ended).toBe(0)
    const all = (await shown.text(true)).replaceAll('\n', '')
    expect(all).toContain('python     the environment of requirements.txt is made')
    expect(all).not.toMatch(/[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]/)
    expect(shown.bytes.lastIndexOf('\u001b[?25h')).toBeGreaterThan(shown.bytes.lastIndexOf('\u001b[?25l'))
  })

  test('the tree of a run says so before it has begun', async () => {
    const cwd = await requirementsProjectOfFiles()
    const shown = new ShownTerminal(['run', 'needing'], { columns: 100, rows: 24, cwd, env })
    await shown.until((text) => /needing {2}environment of requirements.txt · pip/.test(text), 'the making')
    expect(await shown.ended).toBe(0)
    expect((await shown.text(true)).replaceAll('\n', '')).toContain('✓ needing')
  })

  test('elsewhere there are lines, and none beside JSON', async () => {
    const cwd = await requirementsProjectOfFiles()
    const { code, err } = await pipewright(cwd, 'run', 'needing')
    expect(code).toBe(0)
    expect(err).toMatch(/^python {5}making the environment of requirements.txt with pip, Python 3/m)
    expect(err).toMatch(/^python {5}Successfully installed tiny-1.0/m)
    expect(err).toMatch(/^python {5}the environment of requirements.txt is made/m)
    const other = await requirementsProjectOfFiles()
    const json = await pipewright(other, 'plan', 'needing', '--json')
    expect(json.err).toBe('')
    expect(JSON.parse(json.out)).toMatchObject({ pipeline: 'needing' })
  })
})
