import { definePipeline, defineStep } from 'pipewright'
import { z } from 'zod'

const score = defineStep({
  name: 'score',
  inputs: { n: z.number() },
  outputs: { auc: z.number() },
  run: ({ n }) => ({ auc: n / 100 }),
})

const deploy = defineStep({
  name: 'deploy',
  effect: true,
  inputs: { share: z.number() },
  outputs: { endpoint: z.string() },
  run: ({ share }) => ({ endpoint: `/live?share=${share}` }),
})

export const release = definePipeline({ name: 'release', inputs: { n: z.number() } }, (p, input) => {
  const { auc } = p.step(score, { n: input.n })
  const labels = p.signal('labels', { after: [] })
  const go = p.approve({
    id: 'go-live',
    message: 'Deploy it?',
    show: { auc },
    by: ['role:lead'],
    payload: z.object({ share: z.number() }),
    after: [labels],
  })
  return { endpoint: p.step(deploy, { share: p.pick(go.payload, 'share') }).endpoint, by: go.by }
})
