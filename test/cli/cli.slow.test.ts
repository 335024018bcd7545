import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { tempFolder } from '../workspace/temp.ts'
import { pipelines, pipewright, type Result } from './command.ts'

describe('pipewright on the command line', () => {
  test('plan tells what a run would do, and why', async () => {
    const cwd = await tempFolder()
    await writeFile(join(cwd, 'inputs.json'), JSON.stringify({ items: [3, 4] }))
    const given = [`${pipelines}#doubles`, '--inputs', 'inputs.json']
    const plan = await pipewright(cwd, 'plan', ...given)
    expect(plan.code).toBe(0)
    expect(plan.out).toContain('--explain')
    expect((await pipewright(cwd, 'plan', ...given, '--explain')).out).toContain(
      'to execute: there is no earlier execution of the step',
    )
    await pipewright(cwd, 'run', ...given)
    const again = await pipewright(cwd, 'plan', ...given, '--explain')
    expect(again.out).toContain('reused from run')
    expect(again.out).not.toContain('to execute')
  })

  test('run, run again, runs, show', async () => {
    const cwd = await tempFolder()
    await writeFile(join(cwd, 'inputs.json'), JSON.stringify({ items: [3, 4] }))
    const first = await pipewright(
      cwd,
      'run',
      `${pipelines}#doubles`,
      '--inputs',
      'inputs.json',
      '--tag',
      'nightly',
    )
    expect(first).toMatchObject({ code: 0 })
    expect(first.err).toContain(`workspace ${cwd}`)
    expect(first.err).toContain('done       map[0]/double')
    expect(first.out).toContain('✓ map  2 items')
    expect(first.out).toMatch(/^values: \[6,8\]$/m)
    const id = /run (\S+)/.exec(first.out)![1]!
    const second = await pipewright(cwd, 'run', `${pipelines}#doubles`, '--inputs', 'inputs.json')
    expect(second.err).toContain('reused     map[0]/double')
    expect(second.out).toContain('2 reused')
    const listed = await pipewright(cwd, 'runs', '--tag', 'nightly')
    expect(listed.out.split('\n').filter((line) => line.startsWith('0'))).toHaveLength(1)
    expect(listed.out).toContain('next: pipewright show')
    const shown = await pipewright(cwd, 'show', id)
    expect(shown.out).toContain('input items: [3,4]')
    expect(shown.out).toContain(`Node ${process.versions.node}`)
  }, 60_000)

  test('a run that fails says why and how to go on; resume goes on', async () => {
    const cwd = await tempFolder()
    const marker = join(cwd, 'marker')
    await writeFile(join(cwd, 'inputs.json'), JSON.stringify({ marker }))
    const failed = await pipewright(cwd, 'run', `${pipelines}#checked`, '--inputs', 'inputs.json')
    expect(failed.code).toBe(1)
    expect(failed.err).toContain('failed     check: there is no')
    expect(failed.err).not.toContain('\u001b')
    expect(failed.out).not.toContain('\u001b')
    const id = /pipewright resume (\S+)/.exec(failed.out)![1]!
    // The place in the code is told below the error, whole stacks with the node.
    expect(failed.err).toMatch(
      /failed {5}check: there is no .*\n {11}at \S*cli\/programs\/pipelines\.ts:\d+:\d+\n/,
    )
    expect(failed.out).toMatch(/✗ check {2}failed .*\n {3}└─ at \S*pipelines\.ts:\d+:\d+\n/)
    const node = await pipewright(cwd, 'show', id, 'check')
    expect(node.out).toMatch(/attempt 1: failed, .*\n {2}Error: there is no .*\n {6}at .*pipelines\.ts/)
    expect((await pipewright(cwd, 'show', id, 'chek')).err).toContain("did you mean 'check'?")
    const explained = await pipewright(cwd, 'explain', id)
    expect(explained.out).toMatch(/^check: failed: there is no .*\n {2}at \S*pipelines\.ts:\d+:\d+$/m)
    await writeFile(marker, '')
    const resumed = await pipewright(cwd, 'resume', id)
    expect(resumed).toMatchObject({ code: 0 })
    expect(resumed.out).toContain('value: 8')
    expect(resumed.err).not.toContain('done       double')
    expect((await pipewright(cwd, 'resume', id)).err).toContain('RUN_NOT_RESUMABLE')
  }, 60_000)

  test('names of the settings; mistakes are answered with the way out', async () => {
    const cwd = await tempFolder()
    await writeFile(
      join(cwd, 'pipewright.config.mjs'),
      `export default { pipelines: { twice: ${JSON.stringify(`${pipelines}#doubles`)} } }`,
    )
    expect((await pipewright(cwd, 'run', 'twice')).code).toBe(0)
    const unknown = await pipewright(cwd, 'run', 'twise')
    expect(unknown).toMatchObject({ code: 2 })
    expect(unknown.err).toContain("did you mean 'twice'?")
    const noExport = await pipewright(cwd, 'run', `${pipelines}#double`)
    expect(noExport.err).toContain("did you mean 'doubles'?")
    const several = await pipewright(cwd, 'run', pipelines)
    expect(several.err).toContain('exports 3 pipelines')
    await writeFile(join(cwd, 'pipewright.config.mjs'), 'export default { concurency: 3 }')
    const config = await pipewright(cwd, 'runs')
    expect(config).toMatchObject({ code: 2 })
    expect(config.err).toContain("did you mean 'concurrency'?")
  }, 60_000)

  test('options that may be repeated stand anywhere', async () => {
    const cwd = await tempFolder()
    const before = await pipewright(cwd, 'run', '--tag', 'nightly', '--tag', 'big', `${pipelines}#doubles`)
    expect(before).toMatchObject({ code: 0 })
    expect((await pipewright(cwd, 'runs', '--tag', 'big')).out).toContain('big nightly')
  }, 60_000)

  test('a file that is not there, and one that imports what is not there', async () => {
    const cwd = await tempFolder()
    const none = ['nope.ts', 'nope.mts', 'nope.js', 'nope', 'constructor']
    for (const name of none) {
      const { code, err } = await pipewright(cwd, 'run', `${name}#it`)
      expect({ code, err }).toMatchObject({
        code: 2,
        err: expect.stringContaining(`there is no file ${name}\nFix: give file#export`) as string,
      })
    }
    for (const extension of ['ts', 'mts', 'js']) {
      const name = `there.${extension}`
      await writeFile(join(cwd, name), "import './missing.js'\nexport const it = 1\n")
      const { code, err } = await pipewright(cwd, 'run', name)
      expect(code).toBe(2)
      expect(err).toMatch(new RegExp(`${name} cannot be loaded: .*missing`))
      expect(err).toContain('Fix: mend the error in the file')
    }
  }, 60_000)

  test('run --verify-cache names a step that is not deterministic, and ends with a code of its own', async () => {
    const cwd = await tempFolder()
    const run = (...more: string[]): Promise<Result> =>
      pipewright(cwd, 'run', `${pipelines}#guesses`, ...more)
    const first = await run('--verify-cache', '100%')
    expect(first).toMatchObject({ code: 0, out: expect.stringContaining('verified: 0 hits\n') as string })
    const second = await run('--verify-cache', '0.01')
    expect(second.code).toBe(3)
    const mismatch = /guess: step 'guess' is not deterministic: output 'x' was 0\.\d+, now 0\.\d+\n/
    expect(second.err).toMatch(mismatch)
    expect(second.out).toMatch(mismatch)
    const kept = /^x: .*$/m.exec(first.out)![0]
    expect(second.out).toContain(kept)
    const shown = await pipewright(cwd, 'show', /run (\S+)/.exec(second.out)![1]!)
    expect(shown.out).toContain('verified: 1 hit, 1 not the same')
    expect(shown.out).toMatch(mismatch)
    expect(await run('--verify-cache', '5 per cent')).toMatchObject({
      code: 2,
      err: expect.stringContaining('give a percentage such as 5%') as string,
    })
  }, 60_000)

  test('no runs yet, an unknown run, a broken inputs file, help', async () => {
    const cwd = await tempFolder()
    expect((await pipewright(cwd, 'runs')).out).toContain('no runs in')
    expect(await pipewright(cwd, 'show', 'abc')).toMatchObject({
      code: 2,
      err: expect.stringContaining('WORKSPACE_NOT_FOUND') as string,
    })
    await writeFile(join(cwd, 'inputs.json'), '{ items: ')
    expect((await pipewright(cwd, 'run', `${pipelines}#doubles`, '--inputs', 'inputs.json')).err).toContain(
      'the inputs file inputs.json cannot be used',
    )
    expect((await pipewright(cwd, '--help')).out).toContain('resume')
  }, 60_000)
})
