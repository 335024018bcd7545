import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import {
  definePipeline,
  definePythonStep,
  file,
  list,
  model,
  secret,
  table,
  type PythonStep,
  type Report,
  type Specs,
} from 'pipewright'
import { testStep } from 'pipewright/testing'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { failure, statesOf, tempFolder, tempWorkspace } from '../workspace/temp.ts'
import { isAlive } from './alive.ts'
import { notebookText, parameters, type CellText } from './notebook-text.ts'
import { analysis } from './programs/notebooks.ts'

const venv = fileURLToPath(new URL('../../node_modules/.cache/python', import.meta.url))
if (!existsSync(venv))
  throw new Error('run scripts/install-python.sh: it makes the environment of these tests')

const executed = 'application/x-ipynb+json'

/** A step whose notebook has these cells. */
async function notebookStep<const I extends Specs, const O extends Specs>(
  cells: readonly CellText[],
  inputs: I,
  outputs: O,
  others: object = {},
): Promise<ReturnType<typeof definePythonStep<I, O>>> {
  const root = await tempFolder()
  const notebook = join(root, 'analysis.ipynb')
  await writeFile(notebook, notebookText(cells))
  const given = { name: 'analysis', version: '1', cache: 'never', python: { venv }, path: root }
  return definePythonStep({ ...given, inputs, outputs, notebook, ...others } as never)
}

/** A pipeline of one step without inputs. */
function pipelineOf(step: PythonStep): ReturnType<typeof definePipeline> {
  return definePipeline({ name: 'p' }, (p) => {
    p.step(step as never, {} as never)
    return {}
  }) as never
}

const thrown = (run: Promise<unknown>): Promise<Error & { code?: string; fix?: string }> =>
  run.then(
    () => {
      throw new Error('the step has succeeded')
    },
    (error: Error) => error,
  )

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await delay(20)
}

const Row = z.object({ x: z.number(), n: z.int() })
const rows = [
  { x: 1, n: 2 },
  { x: 0.25, n: 3 },
]
const n = { n: z.number() }
const out = { out: z.number() }

function texts({ blocks }: Report): string {
  return blocks.map((block) => (block.type === 'markdown' ? block.text : `[${block.type}]`)).join('\n')
}

describe('values', () => {
  test('json is injected, tables arrive as frames, variables come back', async () => {
    const step = await notebookStep(
      [
        parameters('rows = None\nleast = 0\nname = ""\noptions = {}'),
        'import pandas\nassert isinstance(rows, pandas.DataFrame), type(rows)\nkept = rows[rows.x >= least]',
        'told = {"name": name, "options": options, "ints": str(rows.n.dtype)}',
      ],
      {
        rows: table(Row),
        least: z.number(),
        name: z.string(),
        options: z.object({ deep: z.array(z.boolean().nullable()) }),
      },
      { kept: table(Row), told: z.json() },
    )
    const name = 'it\'s "q" \\ ü\n{} %'
    const options = { deep: [true, null] }
    const { outputs } = await testStep(step, { rows, least: 0.5, name, options })
    expect(outputs.kept.toArray()).toEqual([rows[0]])
    expect(outputs.told).toEqual({ name, options, ints: 'int64' })
  })

  test('a table arrives as what its parameter asks for', async () => {
    const step = await notebookStep(
      [
        'import pyarrow as pa',
        parameters(
          'a: pa.Table = None\nb: "list[dict]" = None\nc = None  # type: polars.DataFrame\nd = None\ne: "list[pa.Table]" = None',
        ),
        'kinds = [type(one).__module__.split(".")[0] + "." + type(one).__name__ for one in (a, b, c, d, e[0])]',
      ],
      { a: table(Row), b: table(Row), c: table(Row), d: table(Row), e: list(table(Row)) },
      { kinds: z.array(z.string()) },
    )
    const { outputs } = await testStep(step, { a: rows, b: rows, c: rows, d: rows, e: [rows] })
    expect(outputs.kinds).toEqual([
      'pyarrow.Table',
      'builtins.list',
      'polars.DataFrame',
      'pandas.DataFrame',
      'pyarrow.Table',
    ])
  })

  test('files are paths, and are returned by path; a long value arrives as any other', async () => {
    const step = await notebookStep(
      [
        parameters('text = None\nnumbers = []'),
        'copy = "copy.txt"\nhandle = open(copy, "w")\nhandle.write(text.read_text() + str(len(numbers)))',
      ],
      { text: file('text/plain'), numbers: z.array(z.number()) },
      { copy: file('text/plain') },
    )
    const numbers = Array.from({ length: 50_000 }, (_, index) => index)
    const text = join(await tempFolder(), 'four.txt')
    await writeFile(text, 'four')
    const { outputs } = await testStep(step, { text, numbers })
    // The handle was never closed: what the end of the kernel writes is there.
    expect(Buffer.from(await outputs.copy.bytes()).toString()).toBe('four50000')
  })

  test('the executed notebook is an output: equal runs give equal bytes, in which nothing is left of the machine', async () => {
    const step = await notebookStep(
      ['# A title', parameters('n = 1'), 'import warnings\nwarnings.warn("careful")\nprint(n + 1)'],
      n,
      { whatever: file(executed) },
    )
    const documents = []
    for (let run = 0; run < 2; run++) {
      const { outputs } = await testStep(step, { n: 2 })
      documents.push(Buffer.from(await outputs.whatever.bytes()).toString())
    }
    expect(documents[1]).toBe(documents[0])
    expect(documents[0]).not.toContain('/tmp')
    const notebook = JSON.parse(documents[0]!) as {
      metadata: object
      cells: { source: string[]; outputs?: { text: string[] }[] }[]
    }
    expect(notebook.metadata).toMatchObject({ papermill: { parameters: { n: 2 } } })
    expect(notebook.cells.map(({ source }) => source.join(''))).toEqual([
      '# A title',
      'n = 1',
      '# Parameters\nn = 2\n',
      'import warnings\nwarnings.warn("careful")\nprint(n + 1)',
    ])
    expect(notebook.cells[3]!.outputs!.map(({ text }) => text.join(''))).toContain('3\n')
  })

  test('the seed is of the inputs: numpy draws the same', async () => {
    const step = await notebookStep(
      ['import random\nimport numpy as np\nout = [random.random(), float(np.random.rand())]'],
      {},
      { out: z.array(z.number()) },
    )
    const [first, second] = [await testStep(step, {}), await testStep(step, {})]
    expect(second.outputs.out).toEqual(first.outputs.out)
  })
})

describe('what it says', () => {
  test('prints, logs and what the worker module offers reach the run', async () => {
    const step = await notebookStep(
      [
        'import logging, os, sys, warnings\nfrom pipewright_worker import *',
        'print("printed")\nprint("an error", file=sys.stderr)\nos.system("echo from a child")\nlogging.getLogger("own").error("logged")',
        'warnings.warn("careful")\nlog("said", level="debug", row=3)\nmetric("loss", 0.5, step=3)\nparam("optimiser", "sgd")',
        'checkpoint({"epoch": 1})\nout = restored()["epoch"]',
      ],
      {},
      out,
    )
    const { outputs, logs, metrics, params } = await testStep(step, {})
    expect(outputs.out).toBe(1)
    expect(metrics['loss']).toMatchObject({ last: 0.5 })
    expect(params).toEqual({ optimiser: 'sgd' })
    for (const line of [
      { level: 'info', message: 'printed' },
      { level: 'warn', message: 'an error' },
      { level: 'info', message: 'from a child' },
      { level: 'error', message: 'logged', fields: { logger: 'own' } },
      { level: 'warn', message: 'analysis.ipynb, cell 3:1: UserWarning: careful' },
      { level: 'debug', message: 'said', fields: { row: 3 } },
    ])
      expect(logs).toContainEqual(expect.objectContaining(line))
    // Nothing that the kernel has to say of itself is among them.
    expect(logs.filter(({ message }) => /kernel|papermill|traitlets|Task/i.test(message))).toEqual([])
  })

  test('progress is the count of cells, unless the notebook tells its own', async () => {
    const progressOf = async (cells: readonly CellText[]): Promise<string[]> => {
      const pw = await tempWorkspace()
      const told: string[] = []
      const handle = await pw.start(pipelineOf(await notebookStep(cells, {}, {})), {})
      for await (const { event } of handle.events())
        if (event.type === 'attempt.progress') told.push(`${event.done}/${event.total}`)
      await handle.result()
      return told
    }
    expect(await progressOf(['# Text', 'a = 1', ' ', 'b = 1'])).toEqual(['1/2', '2/2'])
    expect(
      await progressOf(['from pipewright_worker import progress\nprogress(1, 4)', 'progress(4, 4)']),
    ).toEqual(['1/4', '4/4'])
  })

  test('it is kept as a report: texts, code, prints, pictures and tables', async () => {
    const step = await notebookStep(
      [
        '# A title\n\nA <b>text</b>.',
        parameters('rows = None'),
        '%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot(rows.x)\nplt.show()',
        'for one in range(3):\n    print("line", one)',
        'rows.groupby("n").agg({"x": ["sum", "max"]})',
        'from IPython.display import HTML, SVG, Markdown, display\ndisplay(SVG("<svg xmlns=\'http://www.w3.org/2000/svg\'/>"), Markdown("*told*"), HTML("<script>alert(1)</script>"))',
      ],
      { rows: table(Row) },
      {},
    )
    const { reports } = await testStep(step, { rows })
    expect(reports).toHaveLength(1)
    const report = reports[0] as Report
    expect(report.title).toBe('analysis.ipynb')
    const text = texts(report)
    expect(text).toContain('A <b>text</b>.')
    expect(text).toContain('*Cell 2*\n\n```python\n%matplotlib inline')
    expect(text).toContain('> ```\n> line 0\n> line 1\n> line 2\n> ```')
    expect(text).toContain('*told*')
    expect(text).toContain('*This output is HTML, which a report does not show.*')
    expect(report.blocks.filter(({ type }) => type === 'html')).toEqual([])
    const pictures = report.blocks.filter((block) => block.type === 'image')
    expect(pictures.map(({ mediaType, alt }) => [mediaType, alt])).toEqual([
      ['image/png', 'an output of cell 2'],
      ['image/svg+xml', 'an output of cell 5'],
    ])
    expect(
      Buffer.from(pictures[0]!.data as Uint8Array)
        .subarray(1, 4)
        .toString(),
    ).toBe('PNG')
    expect(report.blocks).toContainEqual({
      type: 'table',
      columns: ['n', 'x sum', 'x max'],
      rows: [
        ['2', '1.00', '1.00'],
        ['3', '0.25', '0.25'],
      ],
    })
  })
})

describe('errors', () => {
  test('name the cell, with the traceback and the place in the file', async () => {
    const cells = [
      '# A title',
      parameters('n = 1'),
      'def divide(by):\n    return 1 / by',
      'try:\n    divide(n)\nexcept ZeroDivisionError as error:\n    raise ValueError("no rows") from error',
    ]
    const step = await notebookStep(cells, n, {})
    const error = await thrown(testStep(step, { n: 0 }))
    expect(error).toMatchObject({ name: 'ValueError', message: 'cell 3 of analysis.ipynb: no rows' })
    const [, frame, ...traceback] = error.stack!.split('\n')
    expect(traceback).toEqual([
      'Traceback (most recent call last):',
      '  File "analysis.ipynb, cell 3", line 4, in <module>',
      '    raise ValueError("no rows") from error',
    ])
    const [, path, line] = /\((.*):(\d+):1\)/.exec(frame!)!
    const lines = (await readFile(path!, 'utf8')).split('\n')
    expect(lines[Number(line) - 1]).toContain('raise ValueError')
    const cause = error.cause as Error
    expect(cause.name).toBe('ZeroDivisionError')
    expect(cause.stack).toContain('File "analysis.ipynb, cell 2", line 2, in divide\n    return 1 / by')
  })

  test('the report is kept as far as it came', async () => {
    const cells = ['# A title', 'print("before")', 'print(1 / 0)', 'print("after")']
    const pw = await tempWorkspace()
    const detail = await pw.show(await failure(pw.run(pipelineOf(await notebookStep(cells, {}, {})), {})))
    const [report] = detail.executions[0]!.attempts[0]!.facts!.reports!
    const text = Buffer.from(await pw.bytes(report!)).toString()
    expect(text).toContain('> before')
    expect(text).toContain('ZeroDivisionError: division by zero')
    expect(text).toContain('*Cell 3*')
    expect(text).not.toContain('> after')
  })

  test('a cell that may fail does not hide the one that must not', async () => {
    const cells = [
      { code: 'skipped', tags: ['skip-execution'] },
      { code: 'first', tags: ['raises-exception'] },
      'second',
    ]
    const error = await thrown(testStep(await notebookStep(cells, {}, {}), {}))
    expect(error.message).toBe("cell 3 of analysis.ipynb: name 'second' is not defined")
  })

  const cases: readonly (readonly [string, readonly CellText[], RegExp])[] = [
    [
      'a syntax error',
      [parameters('n = 1'), 'x = ('],
      /^cell 2 of analysis\.ipynb: .*incomplete input|never closed/,
    ],
    [
      'sys.exit',
      [parameters('n = 1'), 'import sys\nsys.exit(3)'],
      /^cell 2 of analysis\.ipynb: sys\.exit\(3\) was called/,
    ],
    [
      'a kernel that ends',
      [parameters('n = 1'), 'import os\nos._exit(4)'],
      /the kernel of analysis\.ipynb ended with code 4 in cell 2/,
    ],
    [
      'a kernel that is killed',
      [parameters('n = 1'), 'import os\nos.kill(os.getpid(), 9)'],
      /was ended by SIGKILL in cell 2/,
    ],
    ['no parameters', ['n = 1'], /analysis\.ipynb has no cell with the tag 'parameters'/],
    ['another parameter', [parameters('m = 1')], /the parameters of analysis\.ipynb have no 'n'/],
    ['a variable that is not set', [parameters('n = 1')], /the notebook sets no variable 'out'/],
    [
      'a value that JSON lacks',
      [parameters('n = 1'), 'out = {1, 2}'],
      /output 'out': a builtins\.set cannot be held by JSON/,
    ],
    ['a value that the schema refuses', [parameters('n = 1'), 'out = "a"'], /output 'out'/],
    [
      'a package that is not there',
      [parameters('n = 1'), 'import no_such'],
      /^cell 2 of analysis\.ipynb: No module named 'no_such'/,
    ],
  ]
  test.each(cases)('%s', async (_, cells, message) => {
    expect((await thrown(testStep(await notebookStep(cells, n, out), { n: 1 }))).message).toMatch(message)
  })

  test('files that are no notebook', async () => {
    const root = await tempFolder()
    for (const [text, message] of [
      [undefined, /the notebook .*own\.ipynb is not there/],
      ['{"cells": ', /own\.ipynb is no notebook: /],
      ['[]', /own\.ipynb is no notebook of format 4/],
      [
        notebookText([], { kernelspec: { name: 'ir', language: 'R' } }),
        /written for a kernel of R, not of Python/,
      ],
    ] as const) {
      if (text !== undefined) await writeFile(join(root, 'own.ipynb'), text)
      const notebook = join(root, 'own.ipynb')
      const step = definePythonStep({ name: 'own', version: '1', notebook, python: { venv } })
      expect((await thrown(testStep(step, {}))).message).toMatch(message)
    }
  })

  test('a step that is past its time gets Cancelled in its cell', async () => {
    const path = join(await tempFolder(), 'state')
    const cells = [
      `import os, pathlib, time\npath = pathlib.Path(${JSON.stringify(path)})`,
      'try:\n    path.write_text("waits")\n    time.sleep(60)\nfinally:\n    path.write_text("ended")',
    ]
    const pw = await tempWorkspace()
    const pipeline = pipelineOf(await notebookStep(cells, {}, {}, { timeout: '4s' }))
    const detail = await pw.show(await failure(pw.run(pipeline, {})))
    expect(detail.executions[0]!.attempts[0]).toMatchObject({ end: 'timed-out' })
    expect(await readFile(path, 'utf8')).toBe('ended')
  })

  test('a cell that ignores it is killed when the grace is over, with all that it has started', async () => {
    const path = join(await tempFolder(), 'state')
    const cells = [
      'import os, signal, subprocess, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nchild = subprocess.Popen(["sleep", "600"])',
      `with open(${JSON.stringify(path)} + ".new", "w") as file:\n    file.write(f"{os.getpid()} {child.pid}")\nos.rename(file.name, ${JSON.stringify(path)})`,
      'while True:\n    pass',
    ]
    const pw = await tempWorkspace()
    const handle = await pw.start(pipelineOf(await notebookStep(cells, {}, {}, { grace: '300ms' })), {})
    await until(() => existsSync(path))
    handle.cancel()
    await expect(handle.result()).rejects.toMatchObject({ code: 'RUN_CANCELLED' })
    const pids = (await readFile(path, 'utf8')).split(' ').map(Number)
    await until(() => pids.every((pid) => !isAlive(pid)))
  })

  test('processes that it leaves behind are told and ended', async () => {
    const cells = ['import subprocess\nout = subprocess.Popen(["sleep", "600"]).pid']
    const { outputs, logs } = await testStep(await notebookStep(cells, {}, out), {})
    expect(logs.map(({ message }) => message)).toContainEqual(
      expect.stringContaining('left processes behind'),
    )
    await until(() => !isAlive(outputs.out))
  })

  test('of the environment it sees what functions do', async () => {
    process.env['OF_THE_HOST'] = 'seen'
    process.env['DECLARED'] = 'seen'
    const cells = [
      'import os\nout = [os.environ.get(name) for name in ("OF_THE_HOST", "DECLARED", "PYTHONHASHSEED")]',
    ]
    const outputs = { out: z.array(z.string().nullable()) }
    const step = await notebookStep(cells, {}, outputs, { env: ['DECLARED'] })
    expect((await testStep(step, {})).outputs.out).toEqual([null, 'seen', '0'])
  })
})

test('a secret that a cell prints is redacted in the log, and refused in the report', async () => {
  process.env['OF_NOTEBOOK'] = 'correct-horse-battery'
  const others = { env: ['OF_NOTEBOOK'], secrets: { token: secret('OF_NOTEBOOK') } }
  const step = await notebookStep(['import os\nprint("it is", os.environ["OF_NOTEBOOK"])'], {}, {}, others)
  const pw = await tempWorkspace()
  const run = await failure(pw.run(pipelineOf(step), {}))
  const [attempt] = (await pw.show(run)).executions[0]!.attempts
  expect(attempt!.error).toMatchObject({ code: 'SECRET_EXPOSED' })
  expect(attempt!.facts?.reports).toBeUndefined()
  const lines = []
  for await (const line of pw.logs(run)) lines.push('message' in line ? line.message : '')
  expect(lines.join('\n')).toContain('it is ')
  expect(lines.join('\n')).not.toContain('correct-horse-battery')
})

test('it is reused until a cell changes, and explain names that', async () => {
  const root = await tempFolder()
  const path = join(root, 'analysis.ipynb')
  const cells = [parameters('n = 1'), 'factor = 2', 'out = n * factor']
  await writeFile(path, notebookText(cells))
  const pw = await tempWorkspace({ root, python: { venv } })
  expect((await pw.run(analysis, { n: 4 })).outputs.out).toBe(8)
  expect(await statesOf(pw, (await pw.run(analysis, { n: 4 })).run.id)).toEqual({ analysis: 'reused' })
  await writeFile(path, notebookText(cells.with(1, 'factor = 3')))
  const { outputs, run } = await pw.run(analysis, { n: 4 })
  expect(outputs.out).toBe(12)
  expect(await pw.explain(run.id, 'analysis')).toMatchObject({
    changes: [{ part: 'code', name: 'cell 2 in analysis.ipynb', details: ['- factor = 2', '+ factor = 3'] }],
  })
})

test('one that an older Jupyter has saved runs too, and leaves equal bytes', async () => {
  const root = await tempFolder()
  const document = JSON.parse(notebookText([parameters('n = 1'), 'out = n'])) as { cells: { id?: string }[] }
  for (const cell of document.cells) delete cell.id
  const notebook = join(root, 'old {n}.ipynb')
  await writeFile(notebook, JSON.stringify({ ...document, nbformat_minor: 4 }))
  const outputs = { ...out, executed: file(executed) }
  const step = definePythonStep({ name: 'own', version: '1', inputs: n, outputs, notebook, python: { venv } })
  const bytes = []
  for (let run = 0; run < 2; run++) {
    const result = await testStep(step, { n: 3 })
    expect(result.outputs.out).toBe(3)
    expect(result.logs).toEqual([])
    bytes.push(Buffer.from(await result.outputs.executed.bytes()).toString())
  }
  expect(bytes[1]).toBe(bytes[0])
})

test('several run at the same time, and import what lies beside them', async () => {
  const root = await tempFolder()
  await mkdir(join(root, 'notebooks'))
  await writeFile(join(root, 'notebooks', 'beside.py'), 'def squared(n):\n    return n * n\n')
  const notebook = join(root, 'notebooks', 'own.ipynb')
  await writeFile(
    notebook,
    notebookText([parameters('n = 1'), 'from beside import squared', 'out = squared(n)']),
  )
  const given = { name: 'own', version: '1', cache: 'never', python: { venv } } as const
  const step = definePythonStep({ ...given, inputs: n, outputs: out, notebook })
  const pipeline = definePipeline(
    { name: 'several', inputs: { all: z.array(z.number()) } },
    (p, { all }) => ({
      out: p.map(all, (one, q) => ({ out: q.step(step, { n: one }).out })).out,
    }),
  )
  const pw = await tempWorkspace({ root })
  const all = [1, 2, 3, 4, 5, 6]
  expect((await pw.run(pipeline, { all })).outputs.out).toEqual(all.map((one) => one * one))
})

test('start-up files of a user are not run', async () => {
  const home = await tempFolder()
  const startup = join(home, '.ipython', 'profile_default', 'startup')
  await mkdir(startup, { recursive: true })
  await writeFile(join(startup, 'own.py'), 'out = 2\n')
  const before = process.env['HOME']
  process.env['HOME'] = home
  try {
    const step = await notebookStep(['out = globals().get("out", 1)'], {}, out)
    expect((await testStep(step, {})).outputs.out).toBe(1)
  } finally {
    process.env['HOME'] = before
  }
})

test('what it runs through must be installed where it runs', async () => {
  const folder = join(await tempFolder(), 'empty')
  execFileSync('python3', ['-m', 'venv', '--without-pip', folder])
  const error = await thrown(testStep(await notebookStep([], {}, {}, { python: { venv: folder } }), {}))
  expect(error).toMatchObject({ code: 'DEPENDENCY_MISSING' })
  expect(error.message).toMatch(/bin\/python\S* has no papermill and no ipykernel/)
  expect(error.fix).toContain('-m pip install papermill ipykernel')
})

test('calls that run once, secrets and models are those of functions', async () => {
  const step = await notebookStep(
    [
      'from concurrent.futures import ThreadPoolExecutor\nfrom pathlib import Path\nfrom pipewright_worker import *',
      parameters('model: Model = None'),
      'calls = []\ndef call():\n    calls.append(1)\n    return len(calls)',
      'assert once("a", call) == once("a", call) == 1',
      'with ThreadPoolExecutor(4) as pool:\n    results = list(pool.map(lambda _: once("b", call), range(4)))',
      'try:\n    once("fails", lambda: 1 / 0)\nexcept ZeroDivisionError:\n    pass',
      'out = [*results, len(calls), len(secret("token")), Path(model).read_text(), model.format]\nmade = Model(model, model.input)',
    ],
    { model: model({ format: 'onnx', input: Row }) },
    { out: z.json(), made: model({ format: 'onnx' }) },
    { secrets: { token: secret('TOKEN') } },
  )
  const given = { model: Buffer.from('weights') } as never
  const { outputs, once } = await testStep(step, given, { secrets: { TOKEN: 'sesame open' } })
  expect(outputs.out).toEqual([2, 2, 2, 2, 2, 11, 'weights', 'onnx'])
  expect(Object.keys(once).toSorted()).toEqual(['a', 'b'])
  expect(outputs.made.signature.input).toHaveProperty('properties')
})

test('the memory of its kernel counts as that of the step', async () => {
  const step = await notebookStep(
    [
      'import time\ntaken = bytearray(200 * 2**20)\ntaken[:: 4096] = b"x" * len(taken[:: 4096])\ntime.sleep(0.5)\nout = 1',
    ],
    {},
    out,
  )
  const pw = await tempWorkspace()
  const { run } = await pw.run(pipelineOf(step as never), {})
  const [attempt] = (await pw.show(run.id)).executions[0]!.attempts
  expect(attempt!.usage?.memory).toBeGreaterThan(200 * 2 ** 20)
})
