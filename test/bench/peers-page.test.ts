import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { renderPage } from '../../bench/peers/page/page.ts'
import { withSummary } from '../../bench/peers/page/summary.ts'
import { peers } from '../../bench/peers/peers.ts'
import type { PeerResult, Results } from '../../bench/peers/results.ts'

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
const results = JSON.parse(read('bench/peers/results.json')) as Results

const without = (peer: string, part: keyof PeerResult): Results => {
  const { [part]: _, ...rest } = results.peers[peer]!
  return { ...results, peers: { ...results.peers, [peer]: rest as PeerResult } }
}

test('the page of the docs shows the committed results, and nothing else', () => {
  expect(read('docs/peers.md')).toBe(renderPage(results))
})

test('the README shows the committed results', () => {
  const readme = read('README.md')
  expect(readme).toBe(withSummary(readme, results))
  expect(readme).toMatch(/^\| Pipewright \| [\d.]+ s \|/m)
})

test('the committed results are of one run of all peers', () => {
  expect(Object.keys(results.peers)).toEqual(peers.map(({ id }) => id))
})

test('who is ahead is told by the figures', () => {
  const chain = results.peers.pipewright!.chain!
  const faster = { ...chain, step: { ...chain.step, wall: chain.step.wall / 2 } }
  const page = renderPage({
    ...results,
    peers: { ...results.peers, dvc: { ...results.peers.dvc!, chain: faster } },
  })
  expect(page).toMatch(/\*\*step of a chain\*\*: ahead [^\n]*DVC \(/)
  expect(renderPage(results)).not.toMatch(/\*\*step of a chain\*\*: ahead [^\n]*DVC \(/)
})

test('what was not measured is no row, and a failure is told', () => {
  const page = renderPage(without('dvc', 'map'))
  const map = page.slice(page.indexOf('## A map over'), page.indexOf('## The chain again'))
  expect(map).not.toContain('| DVC |')
  const failures = { map: 'exit code 1: <no> | such thing' }
  const failed = renderPage({
    ...results,
    peers: { ...results.peers, dvc: { ...results.peers.dvc!, failures } },
  })
  expect(failed).toContain('- DVC, map: exit code 1: <no> | such thing')
})
