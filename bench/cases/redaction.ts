import { randomBytes } from 'node:crypto'
import { LogSegment } from '../../src/execute/log.ts'
import { RedactedLines } from '../../src/secret/redacted-lines.ts'
import { redactedValue } from '../../src/secret/redacted-value.ts'
import { Redactor } from '../../src/secret/redactor.ts'
import { fastest, type Figure } from '../measure.ts'
import { withFolder } from '../workspace.ts'

const lines = 50_000

function secretsOf(count: number): Redactor {
  const redactor = new Redactor()
  for (let i = 0; i < count; i++) redactor.add(`S${i}`, randomBytes(30).toString('base64'))
  return redactor
}

/** What a log line costs where secrets are known that it does not hold. */
export function redaction(): Promise<Figure[]> {
  return withFolder(async (root) => {
    const message = (i: number): string =>
      `epoch ${i}: loss 0.${i} on 12,000 rows of https://data.example.com/tables/tumours?page=${i}, saved`
    const log = async (write: (segment: LogSegment, i: number) => void): Promise<number> => {
      const segment = new LogSegment(root, `log-${Math.random()}`)
      const time = await fastest(5, () => {
        for (let i = 0; i < lines; i++) write(segment, i)
      })
      await segment.close()
      return (time / lines) * 1_000
    }
    const bare = await log((segment, i) =>
      segment.write({ at: 0, level: 'info', message: message(i), fields: { rows: i, part: 'train' } }),
    )
    const figures: Figure[] = []
    for (const count of [0, 1, 100]) {
      const redactor = secretsOf(count)
      const redacted = new RedactedLines(redactor)
      const value = await log((segment, i) => {
        const fields = redactedValue({ rows: i, part: 'train' }, redactor)
        redacted.write(message(i), (text) => segment.write({ at: 0, level: 'info', message: text, fields }))
      })
      redacted.flush()
      figures.push({ name: `a log line where ${count} secrets are known`, value, unit: 'µs', bare })
    }
    return figures
  })
}
