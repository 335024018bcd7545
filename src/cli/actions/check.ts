import type { AnyPipeline } from '../../define/runnable.ts'
import { hermeticLines } from '../../ui/hermetic-text.ts'
import { counted, printable } from '../../ui/text.ts'
import type { HermeticReport } from '../../workspace/hermetic/report.ts'
import { openWorkspace } from '../../workspace/open.ts'
import { findingsExitCode } from '../exit-codes.ts'
import { givenInputs, type InputOptions } from '../inputs/given-inputs.ts'
import { print, printJson, printNext } from '../output.ts'
import { openProject } from '../project.ts'
import { showingEnvironments } from '../views/environment-view.ts'

/** What `pipewright check` is given. */
export interface CheckArguments extends InputOptions {
  readonly hermetic?: boolean
  readonly json?: boolean
}

function inState(report: HermeticReport, state: string): number {
  return report.steps.filter((step) => step.state === state).length
}

/** Uses that are not declared, and steps that failed under watch. */
function errorsOf(report: HermeticReport | undefined): number {
  return report === undefined ? 0 : report.uses.length + inState(report, 'failed')
}

function printHermetic(report: HermeticReport): void {
  print(...hermeticLines(report))
  const counts = ['checked', 'exempt', 'failed', 'not reached'].map(
    (state) => `${inState(report, state)} ${state}`,
  )
  print(
    `hermetic: ${counted(report.uses.length, 'undeclared use')}; ${counted(report.steps.length, 'step')}: ${counts.join(', ')}`,
  )
}

/** `pipewright check`. */
export async function checkCommand(given: string | undefined, options: CheckArguments): Promise<void> {
  const { pipeline, address } = await openProject(given)
  const found: AnyPipeline = pipeline
  const inputs = await givenInputs(found, options)
  await using pw = await openWorkspace()
  const { findings, hermetic } = await showingEnvironments(pw, options, async () => ({
    findings: await pw.check(found),
    hermetic: options.hermetic === true ? await pw.checkHermetic(found, inputs as never) : undefined,
  }))
  const errors = errorsOf(hermetic)
  if (errors > 0) process.exitCode = findingsExitCode
  if (options.json === true) return printJson({ pipeline: found.name, findings, hermetic: hermetic ?? null })
  for (const { level, subject, message, fix } of findings)
    print(printable(`${level.padEnd(7)} ${subject} ${message} (${fix})`))
  const warnings = findings.filter(({ level }) => level === 'warning').length
  print(
    `${printable(found.name)}: ${counted(warnings, 'warning')}, ${counted(findings.length - warnings, 'note')}`,
  )
  if (hermetic !== undefined) printHermetic(hermetic)
  await printNext(
    errors > 0
      ? `declare or take out what is listed, then pipewright check ${address} --hermetic`
      : `pipewright run ${address}`,
  )
}
