import { describe, expect, test } from 'vitest'
import { dayPieces } from '../../demo/sample-files.ts'
import { serviceCounts } from '../../demo/sample-service.ts'
import { feedsOf, SAMPLE_SITES, type SampleSite } from '../../demo/sample-sites.ts'
import type { Day, Feed } from '../../lib/site.ts'
import { addDays, daysFromTo, HOUR_MS } from '../../lib/time.ts'

/** Some days in a row, and the two days on which clocks change in Berlin. */
const DAYS = [...daysFromTo('2026-11-16', '2026-11-20'), '2026-03-29', '2026-10-25']

/** Fields of a line of the system feed, by its type. */
const SYSTEM_FIELDS: Record<string, number> = {
  cpu: 9,
  mem: 9,
  disk: 8,
  os: 7,
  uptime: 6,
  node: 7,
}

function textOf(site: SampleSite, feed: Feed, day: Day): string {
  const bytes = Buffer.concat(dayPieces(site, feed, day).map((piece) => piece.bytes))
  return new TextDecoder(site.charset, { fatal: true }).decode(bytes)
}

function linesOf(site: SampleSite, feed: Feed, day: Day): string[][] {
  const text = textOf(site, feed, day)
  expect(text.endsWith(site.eol)).toBe(true)
  const lines = text.split(site.eol).slice(0, -1)
  return lines.map((line) => line.split('|'))
}

/** The numbers of some fields; NaN for what is no plain number. */
function numbers(fields: string[], from: number, to: number): number[] {
  return fields.slice(from, to).map((field) => (/^\d+(\.\d+)?$/.test(field) ? +field : Number.NaN))
}

/** What is wrong with the numbers of a system line, or nothing. One answer a line, for speed. */
function faultOf(fields: string[]): string | undefined {
  const line = fields.join('|')
  const [used = 0, free = 0, buffer = 0, total = 0] = numbers(fields, 4, 8)
  if (fields[3] === 'cpu')
    return Math.abs(used + free + buffer + total - 100) < 1e-6 ? undefined : line
  if (fields[3] === 'mem') return used + free + buffer === total ? undefined : line
  if (fields[3] === 'uptime') return used >= 0 ? undefined : line
  const [diskUsed = 0, diskTotal = 0] = numbers(fields, 5, 7)
  if (fields[3] !== 'disk') return undefined
  return diskUsed > diskTotal / 10 && diskUsed < diskTotal ? undefined : line
}

describe.each(SAMPLE_SITES.map((site) => ({ id: site.id, site })))('$id', ({ site }) => {
  test('writes the same bytes twice, and others on another day', () => {
    for (const feed of feedsOf(site)) {
      expect(textOf(site, feed, '2026-11-20')).toBe(textOf(site, feed, '2026-11-20'))
      expect(textOf(site, feed, '2026-11-20')).not.toBe(textOf(site, feed, '2026-11-19'))
    }
  })

  test('every system line has its fields, its numbers add up, and time never goes back', () => {
    for (const day of DAYS) {
      const lines = linesOf(site, 'system', day)
      expect(new Set(lines.map((fields) => fields[3]))).toEqual(new Set(Object.keys(SYSTEM_FIELDS)))
      expect(lines.filter((fields) => fields.length !== SYSTEM_FIELDS[fields[3]!])).toEqual([])
      expect(lines.filter((fields) => fields[2] !== site.id)).toEqual([])
      expect(lines.map(faultOf).filter(Boolean)).toEqual([])
      let beforeMs = 0
      const recorded = lines.map((fields) => {
        beforeMs = site.zone.parse(fields.at(-1)!, beforeMs)!
        return beforeMs
      })
      expect(recorded).toEqual(recorded.toSorted((one, other) => one - other))
      expect(site.zone.dayOf(recorded[0]!)).toBe(day)
      expect(site.zone.dayOf(recorded.at(-1)!)).toBe(day)
    }
  })

  test('service lines have nine fields, whole counts, and totals that balance', () => {
    for (const day of daysFromTo('2025-12-20', '2026-02-28')) {
      const [fields, ...others] = linesOf(site, 'service', day)
      expect(others).toEqual([])
      expect(fields).toHaveLength(9)
      expect(numbers(fields!, 1, 8).every(Number.isInteger)).toBe(true)
      const before = serviceCounts(site, addDays(day, -1))
      const counts = serviceCounts(site, day)
      const expected = before.totalUsers + counts.subscribed - counts.unsubscribed
      const moved = site.service.movedInOn
      const uncounted = counts.totalUsers - expected
      expect(uncounted).toBe(uncounted === 0 ? 0 : moved?.users)
    }
  })
})

const [east, south, west] = SAMPLE_SITES as [SampleSite, SampleSite, SampleSite]

test('uncounted users are moved into the south on few days, and nowhere else', () => {
  const oddDays = (site: SampleSite) =>
    daysFromTo('2026-01-02', '2026-12-31').filter((day) => {
      const before = serviceCounts(site, addDays(day, -1))
      const { totalUsers, subscribed, unsubscribed } = serviceCounts(site, day)
      return totalUsers !== before.totalUsers + subscribed - unsubscribed
    })
  expect(oddDays(south).length).toBeGreaterThan(5)
  expect(oddDays(south).length).toBeLessThan(12)
  expect([...oddDays(east), ...oddDays(west)]).toEqual([])
})

test('the west has no alarm feed and counts of the day before, provisional all day', () => {
  expect(feedsOf(west)).toEqual(['system', 'service'])
  const [line, end] = dayPieces(west, 'service', '2026-11-20')
  const counts = serviceCounts(west, '2026-11-19')
  expect(Buffer.from(line!.bytes).toString()).toContain(`west|${counts.subscribed}|`)
  expect(Buffer.from(line!.bytes).includes(0x0a)).toBe(false)
  expect(end!.atMs - line!.atMs).toBe(24 * HOUR_MS)
})

test('a hot server is hot all day and raises an alarm that stands all day', () => {
  const day = DAYS.find((one) => east.servers[1]!.hotOn!(one))!
  const idle = linesOf(east, 'system', day)
    .filter((fields) => fields[0] === 'east-app02' && fields[3] === 'cpu')
    .map((fields) => Number(fields[7]))
  expect(Math.max(...idle)).toBeLessThan(15)
  const own = linesOf(east, 'alarm', day).filter((fields) => fields[2] === 'east-app02')
  expect(own.map((fields) => fields[5] !== '')).toEqual([false, true])
})

test.each([east, south])('$id: alarms are believable', (site) => {
  let shortest = 0
  let recovered = 0
  for (const day of DAYS) {
    const lines = linesOf(site, 'alarm', day)
    expect(lines.length).toBeGreaterThan(site.alarmsADay)
    expect(lines.length).toBeLessThan(site.alarmsADay * 4)
    expect(lines.filter((fields) => fields.length !== 7)).toEqual([])
    expect(lines.filter((fields) => !fields[6]!.startsWith(day))).toEqual([])
    for (const fields of lines.filter((line) => line[5] !== '')) {
      recovered++
      if (site.zone.parse(fields[5]!)! - site.zone.parse(fields[4]!)! <= 60_000) shortest++
    }
  }
  expect(shortest / recovered).toBeGreaterThan(0.35)
  expect(shortest / recovered).toBeLessThan(0.65)
})

test('some alarms stand after a week, and only some', () => {
  const standing = new Set<string>()
  for (const day of daysFromTo('2026-11-07', '2026-11-20')) {
    for (const [, name, node, , raised, resumed] of linesOf(east, 'alarm', day)) {
      const key = `${name}|${node}|${raised}`
      if (resumed === '') standing.add(key)
      else standing.delete(key)
    }
  }
  expect(standing.size).toBeGreaterThanOrEqual(14)
  expect(standing.size).toBeLessThan(30)
})
