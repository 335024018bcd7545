import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { expect, test } from 'vitest'
import { buildProgram } from '../../src/cli/program.ts'
import { blocksOf, pageText } from './blocks.ts'

const docs = fileURLToPath(new URL('../../docs/', import.meta.url))

const pages = [
  'README.md',
  ...readdirSync(docs, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.md') && !path.startsWith('site'))
    .map((path) => `docs/${path}`),
]

/** The words after `pipewright` in a text, up to what the shell takes for itself. */
function commandLinesOf(text: string): string[][] {
  const lines = text
    .replaceAll(/npm install .*/g, '')
    .matchAll(/(?:^|[\s`(])pipewright ((?:'[^']*'|"[^"]*"|[^\n`#|&;'"])+)/g)
  return [...lines].map(([, words]) => words!.match(/(?:'[^']*'|"[^"]*"|\S)+/g) ?? [])
}

/** What the command line shows by itself: code in a line, and blocks that a shell would read. */
function shellOf(page: string): string[] {
  const markdown = pageText(page)
  const blocks = blocksOf(markdown).filter(({ language }) =>
    ['sh', 'bash', 'console', 'yaml', 'shell'].includes(language),
  )
  const prose = markdown.replaceAll(/^( *)```[\s\S]*?\n\1```$/gm, '')
  const inline = [...prose.matchAll(/`([^`]+)`/g)].map(([code]) => code)
  return [...blocks.map(({ text }) => text), ...inline]
}

/** What a command line has that the command does not take. */
function unknownIn(words: readonly string[], program: Command): string | undefined {
  let command = program
  for (const word of words) {
    if (word.startsWith('-')) {
      const flag = word.split('=')[0]!
      const isKnown =
        ['--help', '-h', '--version', '-V'].includes(flag) ||
        command.options.some(({ long, short }) => flag === long || flag === short)
      if (/^--?[a-z]/i.test(flag) && !isKnown) return `${command.name()} has no ${flag}`
      continue
    }
    const inner = command.commands.find((one) => one.name() === word || one.aliases().includes(word))
    if (inner !== undefined) command = inner
    else if (command === program) return /^[a-z]+$/.test(word) ? `there is no command ${word}` : undefined
  }
  return undefined
}

test('command lines of pages name commands and options that there are', () => {
  const program = buildProgram()
  const found = pages.flatMap((page) =>
    shellOf(page).flatMap((text) => commandLinesOf(text).map((words) => ({ page, words }))),
  )
  expect(found.length).toBeGreaterThan(80)
  const wrong = found.flatMap(({ page, words }) => {
    const unknown = unknownIn(words, program)
    return unknown === undefined ? [] : [`${page}: pipewright ${words.join(' ')}: ${unknown}`]
  })
  expect(wrong).toEqual([])
  expect(unknownIn(['report', '--out', 'report.html'], program)).toBe('report has no --out')
})
