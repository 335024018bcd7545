import { comparisonLines } from '../../ui/comparison-text.ts'
import { paletteFor } from '../../ui/palette.ts'
import { comparedValues } from '../compared-values.ts'
import { print, printJson, printNext } from '../output.ts'
import { openExisting, runNamed } from '../project.ts'

/** `pipewright compare`. */
export async function compareCommand(
  a: string,
  b: string | undefined,
  { all = false, json = false }: { readonly all?: boolean; readonly json?: boolean },
): Promise<void> {
  await using pw = await openExisting()
  const comparison = await pw.compare(a, await runNamed(pw, b))
  if (json) return printJson(comparison)
  const runs = [await pw.show(comparison.a), await pw.show(comparison.b)]
  const values = await comparedValues(pw, comparison, runs)
  print(...comparisonLines(comparison, { all, values, palette: await paletteFor(process.stdout) }))
  await printNext(`pipewright explain ${comparison.b}`)
}
