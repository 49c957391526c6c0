import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { directorySource } from '../../lib/fetch/directory.ts'
import { bringUpDay } from '../../lib/ledger/days.ts'
import { exportDay } from '../../lib/ledger/parquet-parts.ts'
import { pull } from '../../lib/ledger/pull.ts'
import { systemChance } from '../../lib/random.ts'
import { DEFAULT_PATHS, FEEDS, type Feed } from '../../lib/site.ts'
import { directoryObjects } from '../../lib/store/directory.ts'
import { memoryTable } from '../../lib/store/memory.ts'
import { compactDay, Zone } from '../../lib/time.ts'
import { type Duck, documentedQueries, openDuck } from '../fixtures/duck.ts'
import {
  REAL_DAYS,
  REAL_LINES,
  REAL_SITES,
  REAL_ZONE,
  realWeekFiles,
  unpackRealWeek,
} from '../fixtures/real-week.ts'
import { SITE } from './portal.ts'

/** The real week as an analyst finds it, against the texts of its files. */

let folder: string
let duck: Duck

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parquet-week-'))
  await unpackRealWeek(folder)
  const archive = directoryObjects(join(folder, 'archive'), systemChance)
  const store = { table: memoryTable(), archive, keepDays: 3_650 }
  const clock = { now: () => Date.parse('2026-11-16T12:00:00+08:00') }
  const sites = REAL_SITES.map((id) => {
    const source = { kind: 'directory', path: join(folder, id), maxFileBytes: 1e9 } as const
    const site = { ...SITE, id, siteIds: [id], timeZone: REAL_ZONE, source }
    return { site, zone: new Zone(REAL_ZONE), source: directorySource(source) }
  })
  for (const day of REAL_DAYS) {
    for (const placed of sites) {
      const newest = new Map<Feed, number>()
      for (const feed of FEEDS) {
        const file = { site: placed.site.id, feed, day }
        const path = DEFAULT_PATHS[feed].replace('{day}', compactDay(day))
        const ports = { store, source: placed.source, clock }
        newest.set(feed, (await pull(ports, file, path, 'backfill')).place.sequence)
      }
      await bringUpDay(store, placed, day, newest)
    }
    for (const feed of FEEDS) await exportDay(store, sites, feed, day)
  }
  duck = await openDuck(folder)
}, 60_000)

afterAll(async () => {
  duck?.close()
  await rm(folder, { recursive: true, force: true })
})

/** The fields of every line of a feed in the week, with its site and day: read apart from lib. */
function linesOf(feed: Feed): { site: string; day: string; fields: string[] }[] {
  return [...realWeekFiles()].flatMap(([path, bytes]) => {
    const [site, name] = path.split('/') as [string, string]
    const date = path.match(/_(\d{4})(\d\d)(\d\d)\.txt$/)
    const day = date?.slice(1).join('-') ?? ''
    if (!DEFAULT_PATHS[feed].startsWith(name) || !REAL_DAYS.includes(day)) return []
    const text = new TextDecoder(site === 'gz02' ? 'gbk' : 'utf-8').decode(bytes)
    const lines = text.split(/\r?\n/).filter((line) => line !== '')
    return lines.map((line) => ({ site, day, fields: line.split('|') }))
  })
}

const msOf = (text: string) => Date.parse(`${text.replace(' ', 'T')}+08:00`)
const table = (feed: Feed) =>
  `read_parquet('archive/parquet/feed=${feed}/*/*.parquet', hive_partitioning = true)`

/** Counts by key, or sums when there is a value. */
function totals<T>(all: T[], key: (one: T) => string, value: (one: T) => number = () => 1) {
  const sums: Record<string, number> = {}
  for (const one of all) sums[key(one)] = (sums[key(one)] ?? 0) + value(one)
  return sums
}

describe('the real week in Parquet', () => {
  it('is one file a feed and day, read by one pattern', async () => {
    const all = await duck.rows(
      `SELECT feed, site, count(*) AS n, count(DISTINCT day) AS days,
         count(DISTINCT filename) AS files
       FROM read_parquet('archive/parquet/**/*.parquet', hive_partitioning = true,
         union_by_name = true, filename = true)
       GROUP BY feed, site ORDER BY feed, site`,
    )
    expect(all).toEqual(
      ['alarm', 'service', 'system'].flatMap((feed) =>
        REAL_SITES.map((site) => {
          const lines = feed === 'service' ? 7 : REAL_LINES[site][feed as 'alarm' | 'system']
          return { feed, site, n: BigInt(lines), days: 7n, files: 7n }
        }),
      ),
    )
  })

  it('has the samples of its files: counts, sums, instants, texts', async () => {
    const lines = linesOf('system')
    const rows = await duck.rows(
      `SELECT site || ' ' || day || ' ' || type AS of, count(*)::INTEGER AS n,
         sum(epoch_ms(recorded_at))::DOUBLE AS recorded, sum(mem_used_bytes)::DOUBLE AS used,
         round(sum(cpu_user + cpu_system + cpu_io + cpu_idle), 3) AS cpu,
         sum(disk_used_bytes)::DOUBLE AS disk
       FROM ${table('system')} GROUP BY of`,
    )
    const of = ({ site, day, fields }: (typeof lines)[0]) => `${site} ${day} ${fields[3]}`
    const column = (name: string) => Object.fromEntries(rows.map((row) => [row.of, row[name]]))
    expect(column('n')).toEqual(totals(lines, of))
    expect(column('recorded')).toEqual(totals(lines, of, ({ fields }) => msOf(fields.at(-1)!)))
    const only = (type: string, value: (fields: string[]) => number) =>
      Object.fromEntries(
        Object.entries(
          totals(lines, of, ({ fields }) => (fields[3] === type ? value(fields) : 0)),
        ).map(([key, sum]) => [key, key.endsWith(type) ? Math.round(sum * 1e3) / 1e3 : null]),
      )
    const percent = (fields: string[]) => fields.slice(4, 8).reduce((sum, one) => sum + +one, 0)
    expect(column('used')).toEqual(only('mem', (fields) => Number(fields[4])))
    expect(column('cpu')).toEqual(only('cpu', percent))
    expect(column('disk')).toEqual(only('disk', (fields) => Number(fields[5])))
    const texts = await duck.rows(
      `SELECT DISTINCT server || '|' || ip || '|' || site || '|' || mount AS t
       FROM ${table('system')} WHERE type = 'disk'`,
    )
    const disks = lines.filter(({ fields }) => fields[3] === 'disk')
    const heads = disks.map(({ fields }) => [...fields.slice(0, 3), fields[4]].join('|'))
    expect(new Set(texts.map(({ t }) => t))).toEqual(new Set(heads))
  })

  it('has every observation of an alarm, in order, in any charset of a site', async () => {
    const rows = await duck.rows(
      `SELECT site, day::VARCHAR AS day,
         concat_ws('|', site, name, node, description, raised_local,
           coalesce(recovered_local, ''), recorded_local) AS line,
         epoch_ms(raised_at) AS raised, epoch_ms(recovered_at) AS recovered
       FROM ${table('alarm')} ORDER BY site, day, "row"`,
    )
    const lines = linesOf('alarm')
    const order = ({ site, day }: { site: string; day: string }) => `${site} ${day}`
    lines.sort((one, other) => (order(one) < order(other) ? -1 : order(one) > order(other) ? 1 : 0))
    expect(rows).toHaveLength(lines.length)
    const same = lines.filter(({ site, day, fields }, at) => {
      const row = rows[at]!
      const recovered = fields[5] === '' ? null : BigInt(msOf(fields[5]!))
      return (
        row.site === site &&
        row.day === day &&
        row.line === fields.join('|') &&
        row.raised === BigInt(msOf(fields[4]!)) &&
        row.recovered === recovered
      )
    })
    expect(same).toHaveLength(lines.length)
    expect(rows.some(({ line }) => /^gz02\|.*\p{Script=Han}/u.test(String(line)))).toBe(true)
  })

  it('has all numbers as numbers: none is NaN, none infinite', async () => {
    for (const feed of FEEDS) {
      const columns = await duck.rows(`DESCRIBE SELECT * FROM ${table(feed)}`)
      const doubles = columns.filter(({ column_type }) => column_type === 'DOUBLE')
      for (const { column_name } of doubles) {
        const odd = `SELECT count(*) AS n FROM ${table(feed)} WHERE NOT isfinite("${column_name}")`
        expect(await duck.rows(odd)).toEqual([{ n: 0n }])
      }
    }
  })
})

describe('the examples of docs/archive.md', () => {
  it('are three, and each runs as it stands', async () => {
    const queries = documentedQueries()
    expect(queries).toHaveLength(3)
    for (const query of queries) expect((await duck.rows(query)).length).toBeGreaterThan(0)
  })

  it('the first: the servers with the busiest hours', async () => {
    const cpu = linesOf('system').filter(
      ({ day, fields }) => day === '2026-11-10' && fields[3] === 'cpu',
    )
    const hour = ({ site, fields }: (typeof cpu)[0]) =>
      [site, fields[0], fields.at(-1)!.slice(0, 13)].join('|')
    const counts = totals(cpu, hour)
    const busy = totals(cpu, hour, ({ fields }) => 100 - Number(fields[7]))
    const averages = Object.keys(counts).map((key) => busy[key]! / counts[key]!)
    const expected = averages.sort((one, other) => other - one).slice(0, 10)
    const rows = await duck.rows(documentedQueries()[0]!)
    expect(rows).toHaveLength(10)
    for (const [at, row] of rows.entries()) {
      expect(row.busy_percent).toBeCloseTo(expected[at]!, 0)
      const key = [row.site, row.server, row.hour].join('|')
      expect(row.busy_percent).toBeCloseTo(busy[key]! / counts[key]!, 0)
    }
  })

  it('the second: how often each alarm occurred, and for how long', async () => {
    const occurrences = new Map<string, { name: string; ms: number }>()
    for (const { site, fields } of linesOf('alarm')) {
      if (site !== 'bj01') continue
      const [, name, node, , raised, recovered] = fields as string[]
      const key = `${name}|${node}|${raised}`
      const ms = recovered ? msOf(recovered) - msOf(raised!) : Number.POSITIVE_INFINITY
      const known = occurrences.get(key)
      occurrences.set(key, { name: name!, ms: Math.min(ms, known?.ms ?? ms) })
    }
    const all = [...occurrences.values()]
    const rows = await duck.rows(documentedQueries()[1]!)
    const column = (name: string) =>
      Object.fromEntries(rows.map((row) => [row.name, Number(row[name])]))
    expect(column('occurrences')).toEqual(totals(all, ({ name }) => name))
    expect(column('not_recovered')).toEqual(
      totals(
        all,
        ({ name }) => name,
        ({ ms }) => (ms === Number.POSITIVE_INFINITY ? 1 : 0),
      ),
    )
    for (const [name, minutes] of Object.entries(column('median_minutes'))) {
      const finite = all.filter((one) => one.name === name && Number.isFinite(one.ms))
      const sorted = finite.map(({ ms }) => ms / 60_000).sort((one, other) => one - other)
      const middle = [Math.floor, Math.ceil].map((side) => sorted[side((sorted.length - 1) / 2)]!)
      expect(minutes).toBeCloseTo((middle[0]! + middle[1]!) / 2, 0)
    }
  })

  it('the third: calls of all sites, by the day that they are about', async () => {
    const lines = linesOf('service')
    const rows = await duck.rows(documentedQueries()[2]!)
    const column = (name: string) =>
      Object.fromEntries(
        rows.map((row) => [(row.counts_of as Date).toISOString().slice(0, 10), Number(row[name])]),
      )
    const day = (line: (typeof lines)[0]) => line.day
    expect(column('sites')).toEqual(totals(lines, day))
    expect(column('calls')).toEqual(totals(lines, day, ({ fields }) => Number(fields[4])))
    expect(column('users')).toEqual(totals(lines, day, ({ fields }) => Number(fields[3])))
  })
})
