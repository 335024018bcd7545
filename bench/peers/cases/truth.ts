import type { Bench, Ran } from '../bench.ts'
import type { Work } from '../peer.ts'
import type { TruthResult } from '../results.ts'
import { control, edit, truthCases, upstream } from '../truth/edits.ts'
import { failure } from './repeat.ts'

/** Fills the cache, sees that it hits, makes the edits, runs again: the bodies that run are the verdicts. */
export async function truth(bench: Bench): Promise<TruthResult> {
  await bench.restore()
  const work: Work = { flow: 'truth', size: 1, cache: true, mode: 'first' }
  const run = async (mode: Work['mode']): Promise<Ran> => {
    const ran = await bench.run({ ...work, mode })
    if (ran.code !== 0) throw new Error(failure(ran))
    return ran
  }
  const all = [control, upstream, ...truthCases.map(({ step }) => step)].sort()
  const filled = (await run('first')).bodies.toSorted()
  if (filled.join() !== all.join()) throw new Error(`the first run executed ${filled.join(', ')}`)
  const again = (await run('rerun')).bodies
  if (again.length > 0) throw new Error(`with nothing changed it executed ${again.join(', ')}`)
  await edit(bench.folder, bench.peer.language)
  const { bodies } = await run('rerun')
  // Else an edit of one case has touched another one, and no verdict can be told from it.
  if (bodies.includes(control)) throw new Error('a step that nothing has touched was executed')
  const verdicts = Object.fromEntries(
    truthCases.map(({ step }) => {
      if (step === 'downstream' && !bodies.includes(upstream)) return [step, 'blind' as const]
      return [step, bodies.includes(step) ? ('run' as const) : ('hit' as const)]
    }),
  )
  return { verdicts, right: truthCases.filter(({ step, should }) => verdicts[step] === should).length }
}
