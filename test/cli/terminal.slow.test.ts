import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { tempFolder } from '../workspace/temp.ts'
import { controlFlow, livePipelines, pipewright, waits } from './command.ts'
import { ShownTerminal, type TerminalOptions } from './terminal.ts'

async function open(
  args: readonly string[],
  options: Partial<TerminalOptions> = {},
): Promise<{ shown: ShownTerminal; cwd: string }> {
  const cwd = options.cwd ?? (await tempFolder())
  return { shown: new ShownTerminal(args, { columns: 80, rows: 24, ...options, cwd }), cwd }
}

const live = (...inputs: string[]): string[] => [
  'run',
  `${livePipelines}#live`,
  ...inputs.flatMap((input) => ['-i', input]),
]

describe('pipewright run on a terminal', () => {
  test.each([
    [80, /⠋|⠙|⠹|⠸|⠼|⠴|⠦|⠧|⠇|⠏/],
    [40, /⠋|⠙|⠹|⠸|⠼|⠴|⠦|⠧|⠇|⠏/],
  ])(
    'at %i columns: a tree with state, progress, retry and metrics; then the run',
    async (columns, spinner) => {
      const { shown } = await open(live('count=3', 'epochs=30', 'pause=60'), { columns })
      const waiting = await shown.until((text) => text.includes('next try in'), 'the retry')
      expect(waiting).toMatch(/◌ train {2}next try in 1 s/)
      expect(waiting).toMatch(/✓ squares {2}3\/3/)
      expect(waiting).toContain('○ last')
      const going = await shown.until((text) => /train {2}.*\d+ %/.test(text), 'progress')
      expect(going).toMatch(spinner)
      if (columns === 80) {
        const metric = await shown.until((text) => /loss 0\.\d+ [▁▂▃▄▅▆▇█]{3,}/.test(text), 'a sparkline')
        expect(metric).toMatch(/train {2}.*attempt 2 {2}[█░]{10}/)
      }
      expect(await shown.ended).toBe(0)
      const all = await shown.text(true)
      expect(all).toContain('├─ ✓ train')
      expect(all.replaceAll('\n', '')).toContain('next: pipewright show')
      // No part of the tree that was drawn while it ran is left.
      expect(all).not.toMatch(/○|◌|⠋|⠙|⠹|⠸|⠼|⠴|⠦|⠧|⠇|⠏/)
      // What a step has logged is shown, its escape sequences are not.
      expect(all.replaceAll('\n', '')).toContain('?[2J?[31mloss <b>is</b> high')
      expect(shown.bytes).not.toContain('\u001b[2J\u001b[31m')
      // The cursor was hidden and is given back.
      expect(shown.bytes.lastIndexOf('\u001b[?25h')).toBeGreaterThan(shown.bytes.lastIndexOf('\u001b[?25l'))
    },
  )

  test.each([80, 40])('at %i columns: what is waited for, rounds, calls and branches', async (columns) => {
    const { shown, cwd } = await open(['run', `${controlFlow}#tour`, '-i', 'rest=50', '--wait'], {
      columns,
      rows: 30,
    })
    const signalled = await shown.until((text) => text.includes('◌ labels'), 'the signal')
    expect(signalled).toContain("◌ labels  waits for the signal 'labels'")
    expect(signalled).toMatch(/✓ by-kind {2}small\n/)
    expect(signalled).toMatch(/✓ rounds {2}3 rounds\n/)
    expect(signalled).toMatch(/✓ again\n {6}[✓↺] add/)
    const { items } = JSON.parse((await pipewright(cwd, 'runs', '--json')).out) as { items: { id: string }[] }
    const [{ id }] = items as [{ id: string }]
    await pipewright(cwd, 'signal', id, 'labels')
    const asked = await shown.until((text) => text.includes('◌ go-live'), 'the approval')
    expect(asked).toContain(
      `◌ go-live  ${columns === 80 ? 'waits for a decision by role:lead  Deploy it?' : 'Deploy it?'}`,
    )
    await pipewright(cwd, 'approve', id, '--by', 'ada', '--role', 'lead')
    expect(await shown.ended).toBe(0)
    expect((await shown.text(true)).replaceAll('\n', '')).toContain('approved b')
  })

  test('ten thousand items are one line', async () => {
    const { shown } = await open(live('count=10000', 'epochs=2', 'pause=10'), { rows: 8 })
    const text = await shown.until((now) => /squares {2}[\d,]+\/10,000 {2}\d+ %/.test(now), 'the map')
    expect(text.split('\n').filter((line) => line.includes('square'))).toHaveLength(1)
    expect(await shown.ended).toBe(0)
    expect(await shown.text(true)).toContain('10,000 succeeded')
  })

  test('more steps than lines: never more than the screen, what is left is counted', async () => {
    const { shown } = await open(['run', `${livePipelines}#many`, '-i', 'pause=300'], { rows: 10 })
    const text = await shown.until((now) => now.includes('to come'), 'what is left')
    expect(text).toMatch(/… .*\d+ to come/)
    expect(text.split('\n').length).toBeLessThanOrEqual(10)
    await shown.ended
    // What scrolled away is the head, and the run as it ended.
    const all = await shown.lines(true)
    expect(all.filter((line) => line.startsWith('many  ') && !line.includes('run '))).toEqual([])
    expect(all.filter((line) => line.includes('step-59'))).toHaveLength(1)
  })

  test('survives another size while it runs, down to five columns', async () => {
    const { shown } = await open(live('count=3', 'epochs=40', 'pause=50'))
    await shown.until((text) => /train {2}.*\d+ %/.test(text), 'progress')
    for (const [columns, rows] of [
      [40, 24],
      [5, 6],
      [120, 30],
    ] as const) {
      shown.resize(columns, rows)
      const wide = columns > 20
      await shown.until((text) => {
        const heads = text.split('\n').filter((line) => line.startsWith(wide ? 'live  ' : 'live'))
        return heads.length === 1
      }, `one head at ${columns} columns`)
    }
    expect(await shown.ended).toBe(0)
  })

  test('a run that waits says how the wait is ended', async () => {
    const { shown, cwd } = await open(['run', waits, '-i', 'n=97'])
    const text = await shown.until(
      (now) => now.replaceAll('\n', '').includes('another terminal: pipewright signal'),
      'the command',
    )
    const [, id = ''] = /another terminal: pipewright signal ([0-9a-f-]{36}) labels/.exec(
      text.replaceAll('\n', ''),
    )!
    expect(text).toMatch(/◌ labels {2}waits for the signal 'labels'/)
    await pipewright(cwd, 'signal', id, 'labels')
    await shown.until(
      (now) => now.replaceAll('\n', '').includes(`pipewright approve ${id} go-live --role lead`),
      'the decision',
    )
    shown.type('\u0003')
    await shown.ended
  })

  test('Ctrl-C once stops gracefully and prints how to go on', async () => {
    const { shown, cwd } = await open(live('epochs=1000', 'pause=50'))
    await shown.until((text) => /train {2}.*attempt 2/.test(text), 'the second try')
    shown.type('\u0003')
    expect(await shown.ended).toBe(130)
    const all = (await shown.text(true)).replaceAll('\n', '')
    const id = /next: pipewright resume ([0-9a-f-]{36})/.exec(all)![1]!
    expect(all).toContain('RUN_CANCELLED')
    const { out } = await pipewright(cwd, 'runs', '--json')
    expect(JSON.parse(out)).toMatchObject({ items: [{ id, state: 'cancelled' }] })
  })

  test('Ctrl-C twice stops now; the run can be resumed', async () => {
    const { shown, cwd } = await open(['run', `${livePipelines}#deaf`])
    // One that has been started, but whose function has not, is cancelled at once.
    await shown.until((text) => /deaf {2}.*25 %/.test(text), 'the step')
    shown.type('\u0003')
    await shown.until((text) => text.includes('stopping'), 'that it stops')
    // One that comes at once is the same press, passed on by npm. A third would meet a process that is ending.
    await sleep(400)
    shown.type('\u0003')
    expect(await shown.ended).toBe(130)
    const all = (await shown.text(true)).replaceAll('\n', '')
    expect(all).toMatch(/stoppednext: pipewright resume [0-9a-f-]{36}/)
    expect(shown.bytes).toContain('\u001b[?25h')
    const { out } = await pipewright(cwd, 'runs', '--json')
    expect(JSON.parse(out)).toMatchObject({ items: [{ state: 'interrupted' }] })
  })

  test.each([
    ['a terminal of five columns', { columns: 5, rows: 5 }],
    ['TERM=dumb', { env: { TERM: 'dumb' } }],
    ['CI', { env: { CI: 'true' } }],
  ])('%s gets plain lines', async (_what, options) => {
    const { shown } = await open(live('epochs=2', 'pause=5'), options)
    expect(await shown.ended).toBe(0)
    expect(shown.bytes.replaceAll('\r\n', '\n')).toContain('done       last')
    expect(shown.bytes).not.toContain('\u001b[?25l')
  })

  test('NO_COLOR takes the colours away, not the tree', async () => {
    const { shown } = await open(live('epochs=2', 'pause=5'), { env: { NO_COLOR: '1' } })
    expect(await shown.ended).toBe(0)
    // oxlint-disable-next-line no-control-regex -- colours are what is looked for
    expect(shown.bytes).not.toMatch(/\u001b\[\d*m/)
    const { shown: coloured } = await open(live('epochs=2', 'pause=5'))
    await coloured.ended
    expect(coloured.bytes).toContain('\u001b[32m✓\u001b[39m')
  })
})

describe('other commands on a terminal', () => {
  test('a list of runs fits 80 columns: the start of an id is enough', async () => {
    const { cwd } = await open(['--version'])
    await pipewright(cwd, 'run', `${livePipelines}#live`, '-i', 'count=1', '-i', 'epochs=1', '-i', 'pause=0')
    const { shown } = await open(['runs'], { cwd })
    await shown.ended
    const [, , row = ''] = await shown.lines()
    expect(row).toMatch(/^[0-9a-f-]{18} {2}live {6}succeeded {2}\S+ \S+ {2}\d.* m?s$/)
    expect((await pipewright(cwd, 'show', row.slice(0, 18))).code).toBe(0)
    const { shown: narrow } = await open(['runs'], { cwd, columns: 40 })
    await narrow.ended
    const [first = '', ...folded] = await narrow.lines()
    expect(first).toMatch(/^[0-9a-f-]{18}$/)
    expect(folded.slice(0, 2)).toEqual(['  pipeline       live', '  state          succeeded'])
  })

  test('help, and the help of a pipeline, fit 40 columns', async () => {
    const { shown } = await open(['run', `${livePipelines}#live`, '--help'], { columns: 40 })
    expect(await shown.ended).toBe(0)
    const text = await shown.text(true)
    expect(text).toContain('Items of the map')
    expect(text).toContain('default 20')
  })

  test('logs -f follows a run of another process until it ends', async () => {
    const { shown: run, cwd } = await open(live('epochs=60', 'pause=50'))
    await run.until((text) => /train {2}.*attempt 2/.test(text), 'the second try')
    const { shown: logs } = await open(['logs', '-f'], { cwd, columns: 120 })
    await logs.until((text) => text.includes('loss <b>is</b> high'), 'what was logged')
    expect(await run.ended).toBe(0)
    expect(await logs.ended).toBe(0)
    expect(await logs.text(true)).toContain('next: pipewright show')
  })
})
