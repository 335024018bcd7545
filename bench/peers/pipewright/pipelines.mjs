// A chain, and a map over a list that is known when the run starts. Cache: on by default.
import { definePipeline } from 'pipewright'
import { gather, states, work } from './steps.mjs'

const size = Number(process.env.PEERS_SIZE)

export const chain = definePipeline({ name: 'chain' }, (p) => {
  let { state } = p.step(work, { state: { value: 0 } }, { id: 's1' })
  for (let i = 2; i <= size; i++) state = p.step(work, { state }, { id: `s${i}` }).state
  return { state }
})

export const fanOut = definePipeline({ name: 'map', inputs: { items: states } }, (p, { items }) => {
  const each = p.map(items, (state, q) => q.step(work, { state }))
  return { state: p.step(gather, { states: each.state }).state }
})
