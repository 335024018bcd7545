import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { closure } from '../../src/lineage/closure.ts'
import { LineageGraph, nodeId, nodeOf, type Direction } from '../../src/lineage/graph.ts'
import type { ArtifactEdge } from '../../src/record/records.ts'

class FakeStore {
  readonly all: ArtifactEdge[] = []
  generation = 0
  read = 0

  add(execution: number, artifact: number, direction: 'in' | 'out', run = 'run'): void {
    this.all.push({ number: this.all.length + 1, execution, run, artifact, direction })
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
    expect(names(graph, 3, 'up')).toEqual(['a3@0', 'e2@1', 'a2@1', 'a4@1', 'e1@2', 'a1@2'])
    expect(names(graph, 1, 'down')).toEqual(['a1@0', 'e1@1', 'a2@1', 'e2@2', 'a3@2'])
    expect(names(graph, 99, 'up')).toEqual(['a99@0'])
    expect(names(graph, 1, 'up')).toEqual(['a1@0'])
  })

  it('ends where an effect hands on the model that it took', async () => {
    const store = new FakeStore()
    store.add(1, 1, 'in')
    store.add(1, 1, 'out')
    const graph = new LineageGraph(store)
    await graph.refresh()
    expect(names(graph, 1, 'down')).toEqual(['a1@0', 'e1@1'])
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
    expect(names(graph, 1, 'down')).toEqual(['a1@0', 'e1@1', 'a2@1'])
    store.all.shift()
    store.generation++
    await graph.refresh()
    expect(graph.size).toBe(1)
    expect(names(graph, 1, 'down')).toEqual(['a1@0'])
  })

  it('joins no runs by equal content, but by what a run was given', async () => {
    const store = new FakeStore()
    // Run a: e1 makes a1 (true), e2 makes a2 from it. Run b: e3 makes a1 too, from a3, and e4 a4 from it.
    store.add(1, 1, 'out', 'a')
    store.add(2, 1, 'in', 'a')
    store.add(2, 2, 'out', 'a')
    store.add(3, 3, 'in', 'b')
    store.add(3, 1, 'out', 'b')
    store.add(4, 1, 'in', 'b')
    store.add(4, 4, 'out', 'b')
    // Run c was given a2; it makes what it was given once more, from what it had made of it.
    store.add(5, 2, 'in', 'c')
    store.add(5, 5, 'out', 'c')
    store.add(6, 5, 'in', 'c')
    store.add(6, 2, 'out', 'c')
    const graph = new LineageGraph(store)
    await graph.refresh()
    expect(names(graph, 4, 'up')).toEqual(['a4@0', 'e4@1', 'a1@1', 'e3@2', 'a3@2'])
    expect(names(graph, 3, 'down')).toEqual(['a3@0', 'e3@1', 'a1@1', 'e4@2', 'a4@2'])
    expect(names(graph, 5, 'up')).toEqual(['a5@0', 'e5@1', 'a2@1', 'e2@2', 'a1@2', 'e1@3'])
    // Whatever is asked for counts wherever it was made.
    expect(names(graph, 1, 'up')).toEqual(['a1@0', 'e1@1', 'e3@1', 'a3@1'])
  })

  it('finds what a plain search finds', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(15), fc.nat(15), fc.boolean()), { maxLength: 60 }),
        fc.array(fc.nat(15), { minLength: 1, maxLength: 3 }),
        fc.constantFrom<Direction>('up', 'down'),
        async (given, start, direction) => {
          // An execution has its edges one after the other, in one of three runs.
          const edges = given.toSorted((a, b) => a[0] - b[0])
          const store = new FakeStore()
          for (const [execution, artifact, isIn] of edges)
            store.add(execution, artifact, isIn ? 'in' : 'out', `run ${execution % 3}`)
          const graph = new LineageGraph(store)
          await graph.refresh()
          const isUp = direction === 'up'
          const near = edges.filter(([, , isIn]) => isIn !== isUp)
          const read = (execution: number): number[] =>
            edges.filter(([e, , isIn]) => e === execution && isIn === isUp).map(([, artifact]) => artifact)
          const made = (artifact: number, run: number): number[] =>
            edges.filter(([e, a, isIn]) => a === artifact && !isIn && e % 3 === run).map(([e]) => e)
          const executions = new Set(near.filter(([, a]) => start.includes(a)).map(([e]) => e))
          const artifacts = new Set(start)
          for (const execution of executions) {
            for (const artifact of read(execution)) {
              artifacts.add(artifact)
              const ends = near.filter(([, a]) => a === artifact).map(([e]) => e)
              const own = ends.filter((e) => e % 3 === execution % 3)
              for (const e of own) if (isUp ? e < execution : e > execution) executions.add(e)
              if (isUp) {
                if (!own.some((e) => e < execution))
                  for (const e of ends) if (!own.includes(e) && e < execution) executions.add(e)
              } else
                for (const e of ends)
                  if (!own.includes(e) && e > execution && made(artifact, e % 3).length === 0)
                    executions.add(e)
            }
          }
          const expected = [...[...artifacts].map(nodeId.artifact), ...[...executions].map(nodeId.execution)]
          const { nodes } = closure(graph, start, direction)
          expect([...nodes].sort((a, b) => a - b)).toEqual(expected.sort((a, b) => a - b))
        },
      ),
    )
  })

  it('a refresh tells of all that was recorded when it was asked for', async () => {
    const store = new FakeStore()
    let open!: () => void
    const gate = new Promise<void>((resolve) => (open = resolve))
    const slow = {
      lineageGeneration: () => store.lineageGeneration(),
      edges: async function* (after?: number) {
        const page = store.all.slice(after)
        await gate
        yield* page
      },
    }
    const graph = new LineageGraph(slow)
    store.add(1, 1, 'out')
    const early = graph.refresh()
    await new Promise((resolve) => setTimeout(resolve, 5))
    store.add(2, 1, 'in')
    store.add(2, 2, 'out')
    const late = Promise.all([graph.refresh(), graph.refresh()])
    open()
    await early
    await late
    expect(names(graph, 2, 'up')).toEqual(['a2@0', 'e2@1', 'a1@1', 'e1@2'])
  })

  it('what was read before a failure is there after the next refresh', async () => {
    const store = new FakeStore()
    store.add(1, 1, 'out')
    const graph = new LineageGraph(store)
    await graph.refresh()
    expect(names(graph, 1, 'up')).toEqual(['a1@0', 'e1@1'])
    store.add(2, 1, 'in')
    store.add(2, 2, 'out')
    const edges = store.edges.bind(store)
    store.edges = async function* (after) {
      yield* edges(after)
      throw new Error('the disk')
    }
    await expect(graph.refresh()).rejects.toThrow('the disk')
    store.edges = edges
    await graph.refresh()
    expect(names(graph, 2, 'up')).toEqual(['a2@0', 'e2@1', 'a1@1', 'e1@2'])
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
    const { nodes, depths } = closure(graph, [steps + 1], 'up')
    expect(nodes).toHaveLength(2 * steps + 1)
    expect(depths.at(-1)).toBe(steps)
  })
})
