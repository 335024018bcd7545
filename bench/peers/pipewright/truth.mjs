import { readFileSync } from 'node:fs'
import { definePipeline, file, openWorkspace } from 'pipewright'
import { z } from 'zod'
import { commented } from './commented.mjs'
import { control } from './control.mjs'
import { downstream } from './downstream.mjs'
import { helped } from './helped.mjs'
import { moved } from './moved.mjs'
import { packaged } from './packaged.mjs'
import { rewritten } from './rewritten.mjs'
import { split } from './split.mjs'
import { typed } from './typed.mjs'
import { upstream } from './upstream.mjs'

const inputs = {
  path: file('text/plain'),
  file: file('text/plain'),
  one: z.union([z.number(), z.string()]),
  x: z.string(),
  y: z.string(),
}

const truth = definePipeline({ name: 'truth', inputs }, (p, { path, file, one, x, y }) => {
  p.step(control, { value: 1 })
  p.step(helped, { value: 1 })
  p.step(commented, { value: 1 })
  p.step(moved, { path })
  p.step(rewritten, { path: file })
  p.step(downstream, { value: p.step(upstream, { value: 1 }).value })
  p.step(typed, { value: one })
  p.step(split, { x, y })
  return { value: p.step(packaged, { value: 1 }).value }
})

const pw = await openWorkspace({ root: '.' })
try {
  const { value: _, ...given } = JSON.parse(readFileSync('inputs.json', 'utf8'))
  await pw.run(truth, given)
} finally {
  await pw.close()
}
