import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { closure, LineageGraph, nodeId, nodeOf, type Direction } from '../../src/lineage/graph.ts'
import type { ArtifactEdge } from '../../src/record/records.ts'

class FakeStore {
  readonly all: ArtifactEdge[] = []
  generation = 0
  read = 0

  add(execution: number, artifact: number, direction: 'in' | 'out'): void {
    this.all.push({ number: this.all.length + 1, execution, artifact, direction })
  }

  async *edges(after = 0): AsyncGenerator<ArtifactEdge> {
    for (const edge of this.all) {
      if (edge.number <= after) continue
      this.read++
      yield edge
    }
  }

  lineageGeneration(): Promise<number> {
    return Promise.resolve(this.generation)
  }
}

function names(graph: LineageGraph, start: number, direction: Direction): string[] {
  const { nodes, depths } = closure(graph, [start], direction)
  return [...nodes].map((id, at) => {
    const { type, number } = nodeOf(id)
    return `${type[0]}${number}@${depths[at]}`
  })
}

describe('the closure', () => {
  it('follows artifacts and executions, nearest first, with the steps in between', async () => {
    const store = new FakeStore()
    // a1 -> e1 -> a2 -> e2 -> a3, and a4 -> e2
    store.add(1, 1, 'in')
    store.add(1, 2, 'out')
    store.add(2, 2, 'in')
    store.add(2, 4, 'in')
    store.add(2, 3, 'out')
    const graph = new LineageGraph(store)
    await graph.refresh()
    expect(names(graph, nodeId.artifact(3), 'up')).toEqual(['a3@0', 'e2@1', 'a2@1', 'a4@1', 'e1@2', 'a1@2'])
    expect(names(graph, nodeId.artifact(1), 'down')).toEqual(['a1@0', 'e1@1', 'a2@1', 'e2@2', 'a3@2'])
    expect(names(graph, nodeId.artifact(99), 'up')).toEqual(['a99@0'])
    expect(names(graph, nodeId.artifact(1), 'up')).toEqual(['a1@0'])
  })

  it('ends where an effect hands on the model that it took', async () => {
    const store = new FakeStore()
    store.add(1, 1, 'in')
    store.add(1, 1, 'out')
    const graph = new LineageGraph(store)
    await graph.refresh()
    expect(names(graph, nodeId.artifact(1), 'down')).toEqual(['a1@0', 'e1@1'])
  })

  it('takes in only what is new, and all again when edges were removed', async () => {
    const store = new FakeStore()
    store.add(1, 1, 'in')
    const graph = new LineageGraph(store)
    await Promise.all([graph.refresh(), graph.refresh()])
    expect(store.read).toBe(1)
    store.add(1, 2, 'out')
    await graph.refresh()
    expect(store.read).toBe(2)
    expect(names(graph, nodeId.artifact(1), 'down')).toEqual(['a1@0', 'e1@1', 'a2@1'])
    store.all.shift()
    store.generation++
    await graph.refresh()
    expect(graph.size).toBe(1)
    expect(names(graph, nodeId.artifact(1), 'down')).toEqual(['a1@0'])
  })

  it('finds what a plain search finds', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(15), fc.nat(15), fc.boolean()), { maxLength: 60 }),
        fc.array(fc.nat(15), { minLength: 1, maxLength: 3 }),
        fc.constantFrom<Direction>('up', 'down'),
        async (edges, start, direction) => {
          const store = new FakeStore()
          for (const [execution, artifact, isIn] of edges) store.add(execution, artifact, isIn ? 'in' : 'out')
          const graph = new LineageGraph(store)
          await graph.refresh()
          const seen = new Set(start.map(nodeId.artifact))
          for (let size = 0; size !== seen.size;) {
            size = seen.size
            for (const [execution, artifact, isIn] of edges) {
              const [a, e] = [nodeId.artifact(artifact), nodeId.execution(execution)]
              const [from, to] = isIn === (direction === 'down') ? [a, e] : [e, a]
              if (seen.has(from)) seen.add(to)
            }
          }
          const { nodes } = closure(graph, start.map(nodeId.artifact), direction)
          expect([...nodes].sort((a, b) => a - b)).toEqual([...seen].sort((a, b) => a - b))
        },
      ),
    )
  })

  it('does not recurse: a chain of 200,000 steps', async () => {
    const store = new FakeStore()
    const steps = 200_000
    for (let at = 1; at <= steps; at++) {
      store.add(at, at, 'in')
      store.add(at, at + 1, 'out')
    }
    const graph = new LineageGraph(store)
    await graph.refresh()
    const { nodes, depths } = closure(graph, [nodeId.artifact(steps + 1)], 'up')
    expect(nodes).toHaveLength(2 * steps + 1)
    expect(depths.at(-1)).toBe(steps)
  })
})
