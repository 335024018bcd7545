import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { HermeticReport } from 'pipewright'
import { describe, expect, test } from 'vitest'
import { pipewrightWith, projectFolder, type Result } from '../cli/command.ts'

const tidy = `import logging
import os
import random
import threading
from dataclasses import dataclass
from pathlib import Path

import reach


def f(csv: Path, n: int):
    print("printed")
    logging.getLogger(__name__).warning("a line has a time")
    Path("out.txt").write_text(csv.read_text() + os.environ["REGION"])
    Path("folder").mkdir()
    lock = threading.Condition()
    with lock:
        lock.wait(0.01)
    import lazily
    return {"n": n + len(os.listdir("folder")) + lazily.VALUE + int(random.random() * 0)}
`

const dirty = `import datetime
import os
import secrets
import socket
import subprocess
import time
from pathlib import Path

import reach

ROOT = Path(__file__).parent


def f(n: int):
    rates = (ROOT / "rates.json").read_text()
    reach.rates(ROOT)
    there = (ROOT / "nothing").exists()
    names = os.listdir(ROOT)
    os.environ.get("HOME"), os.getenv("REGION")
    now = time.time()
    later = datetime.datetime.now()
    secrets.token_hex(4)
    try:
        socket.create_connection(("127.0.0.1", 9), 1)
    except OSError:
        pass
    subprocess.run(["true"])
    return {"n": n}
`

const pipeline = `import { definePipeline, definePythonStep, file } from 'pipewright'
import { z } from 'zod'
const n = z.number().int()
const common = { function: 'f', outputs: { n }, env: ['REGION'] }
const tidy = definePythonStep({ ...common, name: 'tidy', module: 'tidy', inputs: { csv: file('text/csv'), n } })
const dirty = definePythonStep({ ...common, name: 'dirty', module: 'dirty', inputs: { n } })
const never = definePythonStep({ ...common, name: 'never', module: 'dirty', inputs: { n }, cache: 'never' })
const raises = definePythonStep({ ...common, name: 'raises', module: 'reach', function: 'raises', inputs: { n } })
const inputs = { csv: file('text/csv') }
export const tidied = definePipeline({ name: 'tidied', inputs }, (p, { csv }) => ({ n: p.step(tidy, { csv, n: 1 }).n }))
export const dirtied = definePipeline({ name: 'dirtied' }, (p) => {
  const { n } = p.step(dirty, { n: 1 })
  return { n, never: p.step(never, { n }).n, raised: p.step(raises, { n }).n }
})
`

async function project(): Promise<string> {
  const cwd = await projectFolder()
  const files: Record<string, string> = {
    'package.json': '{ "type": "module" }',
    'package-lock.json': '{}',
    'pipeline.ts': pipeline,
    'tidy.py': tidy,
    'dirty.py': dirty,
    'lazily.py': 'VALUE = 1\n',
    'reach.py':
      'def rates(root):\n    with open(root / "rates.json") as file:\n        return file.read()\n\n\ndef raises(n):\n    open("/etc/hostname").close()\n    raise ValueError("no")\n',
    'rates.json': '{}',
    'data.csv': 'x\n1\n',
  }
  for (const [name, text] of Object.entries(files)) await writeFile(join(cwd, name), text)
  return cwd
}

function pipewright(cwd: string, ...args: string[]): Promise<Result> {
  return pipewrightWith({ cwd, env: { ...process.env, REGION: 'eu' } }, args)
}

async function checked(cwd: string, ...args: string[]): Promise<HermeticReport> {
  const { out, err } = await pipewright(cwd, 'check', ...args, '--hermetic', '--json')
  if (out === '') throw new Error(err)
  return (JSON.parse(out) as { hermetic: HermeticReport }).hermetic
}

describe('what Python steps use of the world', () => {
  test('is nothing where they read their inputs, write their folder, log, and draw what is seeded', async () => {
    const report = await checked(await project(), 'pipeline.ts#tidied', '-i', 'csv=data.csv')
    expect(report.uses).toEqual([])
    expect(report.steps).toEqual([{ step: 'tidy', state: 'checked', executions: 1 }])
    expect(report.limits.join('\n')).toContain('of Python steps native code')
  })

  test('is told with its place, once, by the step that comes there', async () => {
    const cwd = await project()
    const report = await checked(cwd, 'pipeline.ts#dirtied')
    const told = report.uses.map(({ kind, what, file, line, steps }) => [
      kind,
      what,
      `${file}:${line}`,
      steps.join(),
    ])
    const at = (text: string): number => dirty.split('\n').findIndex((line) => line.includes(text)) + 1
    const one = (kind: string, what: unknown, text: string): unknown[] => [
      kind,
      what,
      `dirty.py:${at(text)}`,
      'dirty',
    ]
    const matching = (text: RegExp): unknown => expect.stringMatching(text) as unknown
    expect(told).toEqual([
      one('file', matching(/^open\('.*rates\.json'\)$/), 'rates = '),
      one('file', matching(/^os\.stat\('.*nothing'\)$/), 'there = '),
      one('file', matching(/^os\.listdir\('.*'\)$/), 'names = '),
      one('environment', "os.environ['HOME']", 'os.environ.get'),
      one('clock', 'time.time()', 'now = '),
      one('clock', 'datetime.now()', 'later = '),
      one('random', 'os.urandom()', 'secrets.token_hex'),
      one('network', matching(/^socket\.getaddrinfo\('127\.0\.0\.1'\)$/), 'create_connection'),
      one('process', matching(/^subprocess\.Popen\('true'\)$/), 'subprocess.run'),
      ['file', matching(/^open\('.*rates\.json'\)$/), 'reach.py:2', 'dirty'],
      ['file', "open('/etc/hostname')", 'reach.py:7', 'raises'],
    ])
    expect(report.steps.map(({ step, state, reason }) => [step, state, reason])).toEqual([
      ['dirty', 'checked', undefined],
      ['never', 'exempt', "it says cache: 'never'"],
      ['raises', 'failed', 'no'],
    ])
    const { out, code } = await pipewright(cwd, 'check', 'pipeline.ts#dirtied', '--hermetic')
    expect(code).toBe(1)
    expect(out).toMatch(
      /error {2}dirty\.py:\d+ {2}time\.time\(\) {2}\(step dirty; take the time as an input\)/,
    )
  })
})
