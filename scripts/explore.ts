import { exploreCluster } from '../src/testing/index.ts'

// Looks for seeds with which the simulated cluster breaks an invariant: 10,000 fresh ones, or 3 minutes of them.
//   npm run explore                     fresh seeds
//   npm run explore -- 1764400000000 1  so many (1) from a seed that was printed before
const [from, seeds = '10000'] = process.argv.slice(2)
const started = performance.now()
const exploration = await exploreCluster({
  seeds: Number(seeds),
  minutes: 3,
  ...(from === undefined ? {} : { from: Number(from) }),
})
const { explored, failed, failures, counts, states } = exploration
const seconds = ((performance.now() - started) / 1_000).toFixed(1)
const list = (numbers: object): string =>
  Object.entries(numbers)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ')
console.log(`explored ${explored} seeds from ${exploration.from} in ${seconds} s: ${failed} failed`)
console.log(`runs: ${list(states)}`)
console.log(`survived: ${list(counts)}`)
for (const { seed, violations, plan, trace } of failures) {
  console.log(`\nseed ${seed}:\n  ${violations.join('\n  ')}`)
  console.log(`shortest plan:\n${JSON.stringify({ scope: plan.scope, pipelines: plan.pipelines }, null, 1)}`)
  console.log(`what happened:\n  ${trace.join('\n  ')}`)
}
if (failed > 0) process.exitCode = 1
