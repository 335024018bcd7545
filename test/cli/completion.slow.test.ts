import { execFile, spawnSync } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { tempFolder } from '../workspace/temp.ts'
import { command, commandEnvironment, pipelines, pipewright, waits } from './command.ts'
import { ShownTerminal } from './terminal.ts'

/** A folder with two pipelines in its settings, a file, and `pipewright` on the path. */
async function folderWithCommand(): Promise<{ cwd: string; env: Record<string, string> }> {
  const cwd = await tempFolder()
  await writeFile(
    join(cwd, 'pipewright.config.mjs'),
    `export default { pipelines: { twice: ${JSON.stringify(`${pipelines}#doubles`)}, release: ${JSON.stringify(waits)} } }`,
  )
  await writeFile(join(cwd, 'twin.ts'), '')
  await mkdir(join(cwd, 'bin'))
  const words = [process.execPath, ...command].map((word) => `'${word}'`).join(' ')
  await writeFile(join(cwd, 'bin', 'pipewright'), `#!/bin/sh\nexec ${words} "$@"\n`, { mode: 0o755 })
  const path = `${join(cwd, 'bin')}:${process.env['PATH']}`
  return { cwd, env: { ...commandEnvironment, PATH: path, HOME: cwd, ZDOTDIR: cwd, XDG_CONFIG_HOME: cwd } }
}

function needed(shell: string): void {
  if (spawnSync(shell, ['--version']).status !== 0)
    throw new Error(`there is no ${shell}: scripts/install-shells.sh installs it`)
}

test('candidates from commands, options, their words, settings, pipelines and runs', async () => {
  const { cwd } = await folderWithCommand()
  const complete = async (...words: string[]): Promise<string[]> =>
    (await pipewright(cwd, 'complete', '--', ...words)).out
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.split('\t')[0]!)
  expect((await pipewright(cwd, 'completion', 'bsh')).err).toContain("did you mean 'bash'?")
  expect(await complete('artifacts', 'import', '')).toEqual([':files'])
  expect(await complete('re')).toEqual(['resume', 'rerun', 'reject', 'report'])
  expect(await complete('run', '--ver')).toEqual(['--verify-cache'])
  expect(await complete('artifacts', 'ex')).toEqual(['export'])
  // A pipeline is a name or a file.
  expect(await complete('run', 'tw')).toEqual(['twice', ':files'])
  // Labels are made up by the user.
  expect(await complete('run', '--tag', 'tw')).toEqual([])
  expect(await complete('runs', '--state', 'wa')).toEqual(['waiting'])
  expect(await complete('run', '--progress=l')).toEqual(['--progress=live'])
  expect(await complete('run', 'twice', '-i', '')).toEqual(['items='])
  expect(await complete('run', 'twice', '-i', 'items=')).toEqual([':files'])
  expect(await complete('run', 'twice', '--only', '')).toEqual(['map', 'map/double'])
  await pipewright(cwd, 'run', 'twice')
  const [run = ''] = await complete('show', '')
  expect(run).toMatch(/^[0-9a-f-]{36}$/)
  expect(await complete('show', 'nothing')).toEqual([])
  // It has succeeded: there is nothing to go on with.
  expect(await complete('resume', '')).toEqual([])
  expect(await complete('explain', run, 'map[0')).toEqual(['map[0]/double'])
  expect(await complete('why', 'val')).toEqual(['values'])
  await pipewright(cwd, 'run', 'release', '-i', 'n=97')
  const [waiting = ''] = await complete('signal', '')
  expect(await complete('signal', waiting, '')).toEqual(['labels'])
}, 120_000)

test('in bash: names, values, files where they may stand, and nothing else', async () => {
  const { cwd, env } = await folderWithCommand()
  const script = `eval "$(pipewright completion bash)"
    compopt() { :; }
    t() { COMP_WORDS=("$@"); COMP_CWORD=$(($#-1)); COMPREPLY=(); _pipewright; echo "\${COMPREPLY[*]}"; }
    t pipewright ru; t pipewright run tw; t pipewright completion f; t pipewright show tw
    t pipewright run twice -i it; t pipewright run twice -i items = tw; t pipewright run twice -i items =@ tw
    t pipewright run --progress = li; t pipewright runs --state =`
  const { stdout } = await promisify(execFile)('bash', ['-c', script], {
    cwd,
    env: { ...process.env, ...env },
  })
  expect(stdout.split('\n')).toEqual([
    'run runs',
    'twice twin.ts',
    'fish',
    '',
    'items=',
    'twin.ts',
    'twin.ts',
    'live',
    'running waiting succeeded failed cancelled interrupted',
    '',
  ])
}, 120_000)

/** Types the start of a line, and a tab. */
async function completed(shown: ShownTerminal, typed: string, whole: string): Promise<void> {
  shown.type(`${typed}\t`)
  await shown.until((text) => text.includes(whole), whole)
  // Ctrl-U: the line is forgotten.
  shown.type('\u0015')
  await shown.until((text) => !text.includes(whole), 'an empty line')
}

test('in a real bash, with Tab', async () => {
  const { cwd, env } = await folderWithCommand()
  await writeFile(join(cwd, 'rc'), 'eval "$(pipewright completion bash)"\nPS1="ready> "\n')
  const program = ['bash', '--rcfile', join(cwd, 'rc'), '-i']
  const shown = new ShownTerminal([], { columns: 100, rows: 30, cwd, env, program })
  await shown.until((text) => text.includes('ready>'), 'a prompt')
  await completed(shown, 'pipewright rep', 'pipewright report')
  await completed(shown, 'pipewright run twic', 'pipewright run twice')
  await completed(shown, 'pipewright run twice -i it', 'pipewright run twice -i items=')
  await completed(shown, 'pipewright run twice -i items=twi', '-i items=twin.ts')
  await completed(shown, 'pipewright run --progress=li', 'pipewright run --progress=live')
}, 120_000)

test('in a real zsh, with Tab', async () => {
  needed('zsh')
  const { cwd, env } = await folderWithCommand()
  await writeFile(
    join(cwd, '.zshrc'),
    'eval "$(pipewright completion zsh)"\nzstyle ":completion:*" insert-unambiguous true\nPS1="ready> "\nsetopt no_list_ambiguous\n',
  )
  const shown = new ShownTerminal([], { columns: 100, rows: 30, cwd, env, program: ['zsh', '-i'] })
  await shown.until((text) => text.includes('ready>'), 'a prompt')
  await completed(shown, 'pipewright rep', 'pipewright report')
  await completed(shown, 'pipewright run twic', 'pipewright run twice')
  await completed(shown, 'pipewright run twice -i it', 'pipewright run twice -i items=')
  await completed(shown, 'pipewright run twice -i items=twi', '-i items=twin.ts')
  await completed(shown, 'pipewright runs --state w', 'pipewright runs --state waiting')
  // Several, with what they are.
  shown.type('pipewright ru\t\t')
  await shown.until((text) => /runs +-- list runs, the latest first/.test(text), 'descriptions')
}, 120_000)

test('in a real fish, with Tab', async () => {
  needed('fish')
  const { cwd, env } = await folderWithCommand()
  const start =
    'pipewright completion fish | source; set -g fish_autosuggestion_enabled 0; function fish_prompt; echo "ready> "; end'
  const program = ['fish', '--no-config', '-C', start]
  const shown = new ShownTerminal([], { columns: 100, rows: 30, cwd, env, program })
  await shown.until((text) => text.includes('ready>'), 'a prompt')
  await completed(shown, 'pipewright rep', 'pipewright report')
  await completed(shown, 'pipewright run twic', 'pipewright run twice')
  await completed(shown, 'pipewright run twice -i it', 'pipewright run twice -i items=')
  await completed(shown, 'pipewright run twice -i items=twi', '-i items=twin.ts')
  await completed(shown, 'pipewright runs --state w', 'pipewright runs --state waiting')
  shown.type('pipewright ru\t')
  await shown.until((text) => /runs +\(list runs, the latest first\)/.test(text), 'descriptions')
}, 120_000)
