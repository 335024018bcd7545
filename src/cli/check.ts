import type { AnyPipeline } from '../define/runnable.ts'
import { hermeticLines } from '../ui/hermetic-text.ts'
import { printable } from '../ui/text.ts'
import { findPipeline } from '../workspace/find-pipeline.ts'
import { openWorkspace, readSettings } from '../workspace/open.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { readInputs } from './inputs.ts'

interface CheckArguments {
  readonly inputs?: string
  readonly hermetic?: boolean
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}

/** Prints what is undeclared and gives the number of errors: uses, and steps that failed under watch. */
async function printHermetic(
  pw: Workspace,
  pipeline: AnyPipeline,
  inputs: Readonly<Record<string, unknown>>,
): Promise<number> {
  const report = await pw.checkHermetic(pipeline, inputs as never)
  for (const line of hermeticLines(report)) process.stdout.write(`${line}\n`)
  const in_ = (state: string): number => report.steps.filter((step) => step.state === state).length
  process.stdout.write(
    `hermetic: ${counted(report.uses.length, 'undeclared use')}; ${counted(report.steps.length, 'step')}: ${in_('checked')} checked, ${in_('exempt')} exempt, ${in_('failed')} failed, ${in_('not reached')} not reached\n`,
  )
  return report.uses.length + in_('failed')
}

/** `pipewright check`. */
export async function checkCommand(address: string, options: CheckArguments): Promise<void> {
  const inputs = await readInputs(options.inputs)
  const { settings, root } = await readSettings({}, process.cwd())
  const pipeline = await findPipeline(address, settings, root, process.cwd())
  await using pw = await openWorkspace()
  const findings = await pw.check(pipeline)
  for (const { level, subject, message, fix } of findings)
    process.stdout.write(`${printable(`${level.padEnd(7)} ${subject} ${message} (${fix})`)}\n`)
  const warnings = findings.filter(({ level }) => level === 'warning').length
  process.stdout.write(
    `${printable(pipeline.name)}: ${counted(warnings, 'warning')}, ${counted(findings.length - warnings, 'note')}\n`,
  )
  const errors = options.hermetic === true ? await printHermetic(pw, pipeline, inputs) : 0
  if (errors > 0) process.exitCode = 1
  process.stdout.write(
    errors > 0
      ? `next: declare or take out what is listed, then pipewright check ${address} --hermetic\n`
      : `next: pipewright run ${address}\n`,
  )
}
