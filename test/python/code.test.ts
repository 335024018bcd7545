import { cp, mkdir, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { statesOf, tempFolder, tempWorkspace } from '../workspace/temp.ts'
import { doubles, misses } from './programs/cached.ts'

/** A project with a package and a module that uses it. */
async function project(): Promise<string> {
  const root = await tempFolder()
  await mkdir(join(root, 'factors'))
  await writeFile(join(root, 'factors', '__init__.py'), 'factor = 2\n')
  await writeFile(
    join(root, 'mine.py'),
    'from factors import factor\n\ndef double(n):\n    return {"n": n * factor}\n',
  )
  return root
}

test('a Python step is reused until Python that it reaches is another one', async () => {
  const root = await project()
  const pw = await tempWorkspace({ root })
  const first = await pw.run(doubles, { n: 1 })
  expect(first.outputs.n).toBe(2)
  expect(await statesOf(pw, (await pw.run(doubles, { n: 1 })).run.id)).toEqual({ doubling: 'reused' })
  await writeFile(join(root, 'factors', '__init__.py'), 'factor = 3\n')
  const changed = await pw.run(doubles, { n: 1 })
  expect(changed.outputs.n).toBe(3)
  const explained = await pw.explain(changed.run.id, 'doubling')
  expect(explained).toMatchObject({
    changes: [
      {
        part: 'code',
        name: 'factor in factors/__init__.py',
        details: ['- factor = 2', '+ factor = 3'],
      },
    ],
  })
})

test('its code is the same wherever the project lies', async () => {
  const root = await project()
  const before = await (await tempWorkspace({ root, metadata: ':memory:' })).plan(doubles, { n: 1 })
  // Beside it: the step is defined outside of both.
  const moved = await tempFolder()
  await cp(root, moved, { recursive: true })
  await rm(root, { recursive: true })
  const after = await (await tempWorkspace({ root: moved, metadata: ':memory:' })).plan(doubles, { n: 1 })
  expect(Object.values(before.code)[0]!.digest).not.toBeNull()
  expect(after.code).toEqual(before.code)
})

test('explain names the function that was changed', async () => {
  const root = await project()
  const own = join(root, 'mine.py')
  const text =
    'def times(n):\n    return n * 2\n\ndef other():\n    return 1\n\ndef double(n):\n    return {"n": times(n)}\n'
  await writeFile(own, text)
  const pw = await tempWorkspace({ root })
  await pw.run(doubles, { n: 1 })
  await writeFile(own, `# Moved.\n${text.replace('return 1', 'return 3')}`)
  expect(await statesOf(pw, (await pw.run(doubles, { n: 1 })).run.id)).toEqual({ doubling: 'reused' })
  await writeFile(own, text.replace('n * 2', 'n + n'))
  const { run } = await pw.run(doubles, { n: 1 })
  expect(await pw.explain(run.id, 'doubling')).toMatchObject({
    changes: [
      {
        part: 'code',
        name: 'times in mine.py',
        details: ['- return n * 2', '+ return n + n'],
      },
    ],
  })
})

/** A project whose function may run any code of it. */
async function dynamicProject(): Promise<string> {
  const root = await project()
  await writeFile(join(root, 'mine.py'), 'def double(n):\n    return {"n": eval("n * 2")}\n')
  return root
}

test('environments and caches in the project are no code of it', async () => {
  const root = await dynamicProject()
  const pw = await tempWorkspace({ root })
  const before = await pw.plan(doubles, { n: 1 })
  for (const folder of ['node_modules/some', '.hidden', 'env/lib', '__pycache__']) {
    await mkdir(join(root, folder), { recursive: true })
    await writeFile(join(root, folder, 'other.py'), 'x = 1\n')
  }
  await writeFile(join(root, 'env', 'pyvenv.cfg'), '')
  expect((await pw.plan(doubles, { n: 1 })).code).toEqual(before.code)
  await mkdir(join(root, 'lib'))
  await writeFile(join(root, 'lib', 'other.py'), 'x = 1\n')
  expect((await pw.plan(doubles, { n: 1 })).code).not.toEqual(before.code)
})

test('folders behind links are code as any other', async () => {
  const root = await dynamicProject()
  const shared = await tempFolder()
  await writeFile(join(shared, 'other.py'), 'x = 1\n')
  await symlink(shared, join(root, 'shared'))
  await symlink(root, join(shared, 'circle'))
  const pw = await tempWorkspace({ root })
  const before = await pw.plan(doubles, { n: 1 })
  expect((await pw.plan(doubles, { n: 1 })).code).toEqual(before.code)
  await writeFile(join(shared, 'other.py'), 'x = 2\n')
  expect((await pw.plan(doubles, { n: 1 })).code).not.toEqual(before.code)
})

test('without its interpreter nothing is cached, and the plan says why', async () => {
  const pw = await tempWorkspace({ root: await project() })
  const { code } = await pw.plan(misses, {})
  expect(Object.values(code)[0]!.uncacheable).toContain("there is no Python interpreter 'python-no-such'")
})
