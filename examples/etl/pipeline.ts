import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { definePipeline, defineStep, directory, file, list, table } from 'pipewright'
import { z } from 'zod'

const Sale = z.object({
  day: z.iso.date(),
  shop: z.string(),
  units: z.number().int().nonnegative(),
  price: z.number().positive(),
})
const Revenue = z.object({ day: z.string(), shop: z.string(), revenue: z.number() })

/** One file a day lands in the folder; each becomes a value of its own, so that only days that have changed run again. */
const partitions = defineStep({
  name: 'partitions',
  inputs: { landing: directory() },
  outputs: { days: list(file('text/csv')) },
  run: async ({ landing }) => {
    const folder = await landing.path()
    const days = (await landing.files()).filter(({ path }) => path.endsWith('.csv'))
    return { days: days.map(({ path }) => createReadStream(join(folder, path))) }
  },
})

/** Rows that break the schema stop the day, with their line. */
const clean = defineStep({
  name: 'clean',
  inputs: { day: file('text/csv') },
  outputs: { sales: table(Sale) },
  run: async ({ day }) => ({ sales: await day.readCsv(Sale) }),
})

const summarise = defineStep({
  name: 'summarise',
  inputs: { sales: table(Sale) },
  outputs: { revenue: table(Revenue) },
  run: ({ sales }, ctx) => {
    const sums = new Map<string, z.infer<typeof Revenue>>()
    for (const { day, shop, units, price } of sales) {
      const sum = sums.get(`${day} ${shop}`) ?? { day, shop, revenue: 0 }
      sums.set(`${day} ${shop}`, { ...sum, revenue: sum.revenue + units * price })
    }
    ctx.log.info('summarised', { rows: sales.length, shops: sums.size })
    return { revenue: [...sums.values()] }
  },
})

/** The table that others read: all days, in order. */
const publish = defineStep({
  name: 'publish',
  inputs: { parts: list(table(Revenue)) },
  outputs: { revenue: table(Revenue), total: z.number() },
  run: ({ parts }) => {
    const rows = parts
      .flatMap((part) => [...part])
      .toSorted((a, b) => (a.day + a.shop < b.day + b.shop ? -1 : 1))
    return { revenue: rows, total: rows.reduce((sum, { revenue }) => sum + revenue, 0) }
  },
})

/** Daily sales of some shops: a run is incremental because an unchanged day is reused, wherever it lies. */
export const sales = definePipeline({ name: 'sales', inputs: { landing: directory() } }, (p, { landing }) => {
  const { days } = p.step(partitions, { landing })
  const parts = p.map(days, (day, q) => q.step(summarise, { sales: q.step(clean, { day }).sales }), {
    id: 'days',
    concurrency: 4,
  })
  return p.step(publish, { parts: parts.revenue })
})
