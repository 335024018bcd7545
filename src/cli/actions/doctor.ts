import { paletteFor } from '../../ui/palette.ts'
import { printable } from '../../ui/text.ts'
import type { DoctorFinding } from '../doctor/finding.ts'
import { checkDisk, checkSettingsFile, checkWorkspace } from '../doctor/project.ts'
import { checkLoader, checkNode, checkOptional, checkPlatform } from '../doctor/software.ts'
import { findingsExitCode } from '../exit-codes.ts'
import { print, printJson, printNext } from '../output.ts'

async function findings(): Promise<DoctorFinding[]> {
  const found = [checkNode(), checkPlatform(), await checkLoader()]
  const { findings: settings, root } = await checkSettingsFile()
  found.push(...settings)
  // Without settings nobody knows where the workspace is.
  if (root === undefined) return found
  return [...found, ...(await checkDisk(root)), ...(await checkWorkspace()), ...(await checkOptional(root))]
}

/** `pipewright doctor`. */
export async function doctorCommand({ json = false }: { readonly json?: boolean }): Promise<void> {
  const checks = await findings()
  const failed = checks.filter(({ status }) => status === 'fail').length
  if (failed > 0) process.exitCode = findingsExitCode
  if (json) return printJson({ ok: failed === 0, checks })
  const palette = await paletteFor(process.stdout)
  const colours = { ok: palette.good, warn: palette.careful, fail: palette.bad }
  const width = Math.max(...checks.map(({ name }) => name.length))
  for (const { name, status, message, fix } of checks) {
    print(`${colours[status](status.padEnd(4))}  ${name.padEnd(width)}  ${printable(message)}`)
    if (fix !== null) print(`      ${' '.repeat(width)}  ${palette.strong('Fix:')} ${printable(fix)}`)
  }
  await printNext(failed > 0 ? 'mend what fails, then pipewright doctor' : 'pipewright run <file>')
}
