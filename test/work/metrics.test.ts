import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { embeddedMetrics, METRICS } from '../../lib/work/metrics.ts'

/** What CloudWatch documents of the format (“Specification: Embedded metric format”). */
const name = (most: number) => z.string().min(1).max(most)
const definition = z.strictObject({
  Namespace: name(1_024),
  Dimensions: z.array(z.array(name(250)).max(30)).min(1),
  Metrics: z
    .array(
      z.strictObject({
        Name: name(1_024),
        Unit: z.enum(['Count', 'Bytes', 'Seconds', 'Milliseconds', 'Percent', 'None']).optional(),
        StorageResolution: z.literal([1, 60]).optional(),
      }),
    )
    .min(1)
    .max(100),
})
const embedded = z
  .looseObject({
    _aws: z.strictObject({
      Timestamp: z.int().positive(),
      CloudWatchMetrics: z.array(definition).min(1),
    }),
  })
  .superRefine((root, context) => {
    const fault = (message: string) => context.addIssue({ code: 'custom', message })
    for (const { Dimensions, Metrics } of root._aws.CloudWatchMetrics) {
      for (const key of Dimensions.flat()) {
        const value = root[key]
        if (typeof value !== 'string' || value === '') fault(`${key} is no text`)
      }
      for (const { Name } of Metrics) {
        if (typeof root[Name] !== 'number') fault(`${Name} is no number`)
      }
    }
  })

function written(counts: Parameters<ReturnType<typeof embeddedMetrics>>[0]): string[] {
  const lines: string[] = []
  embeddedMetrics(
    (line) => void lines.push(line),
    () => 1_762_761_600_000,
    'siterounds',
  )(counts)
  return lines
}

describe('metrics', () => {
  it('are one line of the format that CloudWatch reads', () => {
    const counts = Object.fromEntries(METRICS.map((one, n) => [one, n]))
    const [line, ...more] = written(counts)
    expect(more).toEqual([])
    expect(line).toMatch(/^[^\n]*\n$/)
    const document = JSON.parse(line!)
    expect(embedded.safeParse(document).error).toBeUndefined()
    expect(document).toMatchObject({ Stack: 'siterounds', ...counts })
    expect(document._aws.Timestamp).toBe(1_762_761_600_000)
  })

  it('have the fleet as their one dimension: one of sites would cost by the site', () => {
    const [line] = written({ LinesAdded: 5 })
    const [metrics] = JSON.parse(line!)._aws.CloudWatchMetrics
    expect(metrics.Dimensions).toEqual([['Stack']])
    expect(metrics.Metrics).toEqual([{ Name: 'LinesAdded', Unit: 'Count' }])
  })

  it('tell a zero, and of nothing nothing', () => {
    expect(JSON.parse(written({ MailsWaiting: 0 })[0]!).MailsWaiting).toBe(0)
    expect(written({})).toEqual([])
  })

  it('are judged here by a schema that can fail', () => {
    const document = JSON.parse(written({ LinesAdded: 5 })[0]!)
    expect(embedded.safeParse({ ...document, LinesAdded: '5' }).success).toBe(false)
    expect(embedded.safeParse({ ...document, Stack: '' }).success).toBe(false)
    expect(embedded.safeParse({ ...document, _aws: { CloudWatchMetrics: [] } }).success).toBe(false)
  })
})
