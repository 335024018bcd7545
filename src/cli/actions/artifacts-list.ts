import { PipewrightError } from '../../internal/error.ts'
import { didYouMean } from '../../internal/nearest.ts'
import { paletteFor } from '../../ui/palette.ts'
import { tableText } from '../../ui/table-text.ts'
import { printable, sizeText } from '../../ui/text.ts'
import { print, printJson, printNext } from '../output.ts'
import { openExisting, runNamed } from '../project.ts'
import { artifactsOf } from './artifact-named.ts'

/** More artifacts than this are counted. */
const most = 200

/** `pipewright artifacts list`. */
export async function listCommand(
  given: string | undefined,
  { json = false }: { readonly json?: boolean },
): Promise<void> {
  // `list` is what is meant without a command: an id of a run is never a word.
  if (given !== undefined && !/^[0-9a-f-]+$/i.test(given))
    throw new PipewrightError('USAGE_INVALID', `pipewright artifacts has no command '${given}'`, {
      fix: didYouMean(given, ['list', 'show', 'cat', 'export', 'import']),
    })
  await using pw = await openExisting()
  const detail = await pw.show(await runNamed(pw, given))
  const found = [...artifactsOf(detail)]
  if (json) return printJson({ run: detail.id, artifacts: found })
  if (found.length === 0) print(`run ${detail.id} has stored no values`)
  else {
    const rows = found
      .slice(0, most)
      .map(({ node, name, direction, artifact: { kind, size, digest } }) => [
        printable(node === '' ? name : `${node}.${name}`),
        node === '' ? (direction === 'in' ? 'input' : 'output') : '',
        kind,
        sizeText(size),
        digest.slice(7, 19),
      ])
    const palette = await paletteFor(process.stdout)
    const { columns } = process.stdout
    print(tableText(['name', 'of the run', 'kind', 'size', 'digest'], rows, { palette, columns }))
    if (found.length > most) print(`… and ${found.length - most} more`)
  }
  await printNext('pipewright artifacts cat <name or digest>', 'pipewright why <name or digest>')
}
