import type { PageData, PageNode } from '../../src/report-page/page-data.ts'

/** The data of a page with so many nodes in a map, one of them failed, and none of the rest. */
export function syntheticPage(count: number): PageData {
  const nodes = Array.from({ length: count }, (_, i): PageNode => {
    const start = Math.floor(i / 8) * 5
    return {
      path: `items[${i}]/work`,
      type: 'step',
      step: 'work',
      state: i === 77 ? 'failed' : i % 3 === 0 ? 'reused' : 'succeeded',
      ready: 0,
      start,
      end: start + 4 + (i % 7),
      inputs: [['n', { json: i }]],
      outputs: [['n', { artifact: i }]],
      metrics: { score: { last: Math.sin(i), min: -1, max: 1, count: 4 } },
    }
  })
  return {
    format: 1,
    made: { at: '2026-01-02T03:04:05.000Z', pipewright: '0.0.0' },
    run: {
      id: '01a20ee7-1c6c-763e-8108-00fae6deec58',
      pipeline: 'synthetic',
      state: 'failed',
      startedAt: '2026-01-02T03:04:05.000Z',
      duration: count,
      tags: [],
      key: null,
      pinned: false,
      structure: 'sha256:00',
      settings: [],
      verification: [],
    },
    environment: [['Node', 'v20']],
    packages: [],
    inputs: [],
    outputs: [],
    nodes: [{ path: 'items', type: 'map', step: null, state: 'failed', start: 0, end: count }, ...nodes],
    graph: {
      width: 240,
      height: 120,
      nodes: [
        {
          pattern: 'items',
          label: 'items',
          note: '',
          type: 'map',
          x: 0,
          y: 0,
          width: 220,
          height: 110,
          states: { failed: 1 },
        },
        {
          pattern: 'items[]/work',
          label: 'work',
          note: '',
          type: 'step',
          x: 20,
          y: 40,
          width: 172,
          height: 46,
          states: { failed: 1, succeeded: count - 1 },
        },
      ],
      edges: [],
    },
    logs: [],
    artifacts: nodes.map((_, i) => ({
      kind: 'json',
      digest: `sha256:${String(i).padStart(64, '0')}`,
      size: 4,
      mediaType: 'application/json',
      extent: '4 B',
      from: `items[${i}]/work · n`,
      preview: { type: 'json', text: String(i) },
    })),
    lineage: { roots: [], chapters: [] },
    notes: [],
  }
}
