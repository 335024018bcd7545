import { counted, printable, sizeText } from '../../ui/text.ts'
import { durationOf } from '../option-values.ts'
import { print, printJson, printNext } from '../output.ts'
import { openExisting } from '../project.ts'

/** What `pipewright gc` is given. */
export interface GcArguments {
  readonly olderThan: string
  readonly resumableOlderThan?: string
  readonly spare?: string
  readonly sharedOlderThan?: string
  readonly environmentsOlderThan?: string
  readonly dryRun?: boolean
  readonly json?: boolean
}

/** `pipewright gc`. */
export async function gcCommand(options: GcArguments): Promise<void> {
  const { olderThan, resumableOlderThan, spare, sharedOlderThan, environmentsOlderThan } = options
  const { dryRun = false, json = false } = options
  const request = {
    olderThan: durationOf('--older-than', olderThan),
    dryRun,
    ...(resumableOlderThan === undefined
      ? {}
      : { resumableOlderThan: durationOf('--resumable-older-than', resumableOlderThan) }),
    ...(spare === undefined ? {} : { spare: durationOf('--spare', spare) }),
    ...(sharedOlderThan === undefined
      ? {}
      : { sharedOlderThan: durationOf('--shared-older-than', sharedOlderThan) }),
    ...(environmentsOlderThan === undefined
      ? {}
      : { environmentsOlderThan: durationOf('--environments-older-than', environmentsOlderThan) }),
  }
  await using pw = await openExisting()
  const report = await pw.gc(request)
  if (json) return printJson(report)
  const { runs, cacheEntries, blobs, bytes, environments } = report
  const counts = [counted(runs.length, 'run'), counted(cacheEntries, 'cache entry', 'cache entries')]
  const parts = [...counts, `${counted(blobs, 'value')} (${sizeText(bytes)})`]
  if (environments.length > 0) {
    const taken = environments.reduce((sum, one) => sum + one.bytes, 0)
    parts.push(`${counted(environments.length, 'Python environment')} (${sizeText(taken)})`)
  }
  print(`${dryRun ? 'would remove' : 'removed'} ${parts.join(', ')}`)
  for (const one of environments)
    print(printable(`  ${one.path}  ${one.requirements ?? 'half-made'}  ${sizeText(one.bytes)}`))
  await printNext(dryRun ? `pipewright gc --older-than ${olderThan}` : 'pipewright runs')
}
