import type { Bench } from '../bench.ts'
import type { Work } from '../peer.ts'
import type { MapResult, Usage } from '../results.ts'
import { perStep, startOf } from './chain.ts'
import { fresh } from './repeat.ts'

const widths = [10, 100, 1000] as const

const mapOf = (width: number): Work => ({ flow: 'map', size: width, cache: false, mode: 'first' })

/** A map over 1,000 items and a step that gathers them; narrower where the time limit would not allow that. */
export async function map(bench: Bench, repeat: number): Promise<MapResult> {
  const { smallest: start } = await startOf(bench, repeat)
  const result = (width: number, whole: Usage, limited: string | null): MapResult => ({
    width,
    whole,
    item: perStep(start, whole, width),
    limited,
  })
  let done: { readonly width: number; readonly whole: Usage } | undefined
  for (const width of widths) {
    if (done !== undefined) {
      const foreseen = start.wall + ((done.whole.wall - start.wall) / done.width) * width
      if (foreseen > bench.limit) {
        const why = `${width} items were foreseen to take ${Math.round(foreseen)} s`
        return result(done.width, done.whole, why)
      }
    }
    try {
      const { usage } = await fresh(bench, width === widths.at(-1) ? repeat : 1, mapOf(width))
      done = { width, whole: usage }
    } catch (error) {
      if (done === undefined) throw error
      return result(done.width, done.whole, `${width} items: ${(error as Error).message}`)
    }
  }
  return result(done!.width, done!.whole, null)
}
