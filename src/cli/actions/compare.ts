import { comparisonLines } from '../../ui/comparison-text.ts'
import { paletteFor } from '../../ui/palette.ts'
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
  print(...comparisonLines(comparison, { all, palette: await paletteFor(process.stdout) }))
  await printNext(`pipewright explain ${comparison.b}`)
}
