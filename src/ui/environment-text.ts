import type { EnvironmentProgress } from '../python/environment/environment-progress.ts'
import { counted, printable } from './text.ts'

/** How far an environment is, in one line that is drawn over: what makes it of what, how much, and what it does now. */
export function environmentText({ requirements, tool, packages, line }: EnvironmentProgress): string {
  if (tool === undefined) return line
  const parts = [`environment of ${requirements}`, tool]
  if (packages > 0) parts.push(counted(packages, 'package'))
  return [...parts, line.trim()].join(' · ')
}

/** What is said of an environment, as one of the lines of a log. */
export function environmentLine({ line }: EnvironmentProgress): string {
  return printable(`${'python'.padEnd(10)} ${line}`)
}
