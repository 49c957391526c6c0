import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parquetFile, type SiteReadings } from '../../lib/ledger/parquet.ts'
import { readerOf } from '../../lib/ledger/rows.ts'
import type {
  AlarmReading,
  ReadingOf,
  ServiceReading,
  Stamp,
  SystemReading,
} from '../../lib/parse/feeds.ts'
import { readLines } from '../../lib/parse/readings.ts'
import { FEEDS, type Feed, type Site } from '../../lib/site.ts'
import { Zone } from '../../lib/time.ts'
import { type Duck, documentedColumns, openDuck } from '../fixtures/duck.ts'
import { SITE } from './portal.ts'

/** The files as DuckDB reads them: nothing here trusts the writer about what it wrote. */

const DAY = '2026-11-10'

let folder: string
let duck: Duck
let files = 0

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parquet-'))
  duck = await openDuck(folder)
})

afterAll(async () => {
  duck.close()
  await rm(folder, { recursive: true, force: true })
})

function siteOf(id: string, more: Partial<Site> = {}): Site {
  return { ...SITE, id, siteIds: [id], ...more }
}

function given<F extends Feed>(site: Site, ...runs: ReadingOf[F][][]): SiteReadings<F> {
  return { site, day: DAY, runs, standing: runs.flat().at(-1) }
}

/** Writes a file and gives what to put into FROM. */
async function written<F extends Feed>(feed: F, sites: SiteReadings<F>[]): Promise<string> {
  files += 1
  const path = join(folder, `${files}.parquet`)
  await writeFile(path, await parquetFile(feed, sites))
  return `'${path}'`
}

/** The lines of a system file as DuckDB gives them back, without what is null. */
async function system(site: Site, lines: string[]): Promise<Record<string, unknown>[]> {
  const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''))
  const parsed = readLines('system', bytes, false, readerOf(site, new Zone(site.timeZone)))
  expect(parsed.rejects).toEqual([])
  const file = await written('system', [given<'system'>(site, parsed.readings)])
  const rows = await duck.rows(`SELECT * FROM read_parquet(${file}) ORDER BY "row"`)
  return rows.map((row) =>
    Object.fromEntries(Object.entries(row).filter(([, one]) => one !== null)),
  )
}

const AT = { text: '2026-11-10 08:00:00', ms: Date.parse('2026-11-10T00:00:00Z') }

function alarm(more: Partial<AlarmReading> = {}): AlarmReading {
  return { name: 'a', node: 'n', description: 'd', raised: AT, recorded: AT, ...more }
}

describe('a Parquet file', () => {
  it.each(FEEDS)('of %s has just the columns of docs/archive.md, of their types', async (feed) => {
    const file = await written(feed, [])
    const described = await duck.rows(`DESCRIBE SELECT * FROM read_parquet(${file})`)
    const schema = await duck.rows(`SELECT * FROM parquet_schema(${file})`)
    const optional = new Map(schema.map((one) => [one.name, one.repetition_type === 'OPTIONAL']))
    expect(
      described.map(({ column_name, column_type }) => [
        column_name,
        column_type,
        optional.get(column_name),
      ]),
    ).toEqual(
      documentedColumns()[feed]!.map(([name, type, never]) => [name, type, never !== 'never']),
    )
    const instants = schema.filter(({ name }) => String(name).endsWith('_at'))
    for (const { logical_type } of instants)
      expect(logical_type).toMatch(/isAdjustedToUTC=1.*MILLIS/)
  })

  it.each(FEEDS)('of %s without readings is read as no rows', async (feed) => {
    const file = await written(feed, [given<Feed>(siteOf('s1'))])
    expect(await duck.rows(`SELECT count(*) AS n FROM read_parquet(${file})`)).toEqual([{ n: 0n }])
    expect(await duck.rows(`SELECT * FROM read_parquet(${file})`)).toEqual([])
  })

  it('has a row for each type of sample, with that type’s columns alone', async () => {
    const head = 'web1|10.0.0.1|s1'
    const rows = await system(siteOf('s1', { units: 'KiB' }), [
      `${head}|cpu|1.5|2.25|0|96.25|2026-11-10 08:00:00`,
      `${head}|mem|1|2.5|0.0001|9007199254740993|2026-11-10 08:00:00`,
      `${head}|disk|C:\\|0|99999999999999999999|2026-11-10 08:00:00`,
      `${head}|disk|/数据 盘/😀|1|2|2026-11-10 08:00:00`,
      `${head}|os|统信 UOS 20|5.10.0-amd64|2026-11-10 08:00:00`,
      `${head}|uptime|12345.67|2026-11-10 08:00:00`,
      `服务器||s1|node|节点😀|运行|2026-11-10 08:00:00`,
    ])
    const common = {
      site: 's1',
      server: 'web1',
      ip: '10.0.0.1',
      recorded_at: new Date('2026-11-10T00:00:00Z'),
      recorded_local: '2026-11-10 08:00:00',
    }
    expect(rows).toEqual(
      [
        { row: 1, type: 'cpu', cpu_user: 1.5, cpu_system: 2.25, cpu_io: 0, cpu_idle: 96.25 },
        {
          row: 2,
          type: 'mem',
          mem_used_bytes: 1024n,
          mem_free_bytes: 2560n,
          mem_buffer_bytes: 0n,
          mem_total_bytes: 2n ** 63n - 1n,
        },
        {
          row: 3,
          type: 'disk',
          mount: 'C:\\',
          disk_used_bytes: 0n,
          disk_total_bytes: 2n ** 63n - 1n,
        },
        {
          row: 4,
          type: 'disk',
          mount: '/数据 盘/😀',
          disk_used_bytes: 1024n,
          disk_total_bytes: 2048n,
        },
        { row: 5, type: 'os', os_name: '统信 UOS 20', kernel: '5.10.0-amd64' },
        { row: 6, type: 'uptime', uptime_seconds: 12345.67 },
        { row: 7, type: 'node', node: '节点😀', node_state: '运行', server: '服务器', ip: '' },
      ].map((row) => ({ ...common, ...row })),
    )
  })

  it.each([
    ['Asia/Shanghai', '2026-11-10T00:30:00Z', '2026-11-10 08:30:00'],
    ['Asia/Kathmandu', '2026-11-10T00:30:00Z', '2026-11-10 06:15:00'],
    ['America/St_Johns', '2026-11-10T00:30:00Z', '2026-11-09 21:00:00'],
    ['UTC', '1969-12-31T23:59:59Z', '1969-12-31 23:59:59'],
    // Once before the clock went back, once behind: only the order of the lines tells.
    ['Europe/Berlin', '2026-10-25T00:30:00Z', '2026-10-25 02:30:00'],
    ['Europe/Berlin', '2026-10-25T01:30:00Z', '2026-10-25 02:30:00', '2026-10-25 02:50:00'],
  ])('holds the instants of %s', async (timeZone, instant, text, before = text) => {
    const rows = await system(siteOf('s1', { timeZone }), [
      `a|b|s1|uptime|1|${before}`,
      `a|b|s1|uptime|1|${text}`,
    ])
    expect(rows[1]).toMatchObject({ recorded_at: new Date(instant), recorded_local: text })
  })

  it('says of service lines which day they are about and which one counts', async () => {
    const counts = {
      subscribed: 1,
      unsubscribed: 2,
      totalUsers: 3,
      calls: 4,
      shows: 5,
      mo: 6,
      mt: 7,
    }
    const line = { ...counts, recorded: AT }
    const file = await written('service', [
      { ...given<'service'>(siteOf('s1'), [{ ...line }, line]), standing: line },
      given<'service'>(siteOf('s2', { serviceCountsOf: 'dayBefore' }), [line]),
    ])
    const rows = await duck.rows(`SELECT * FROM read_parquet(${file}) ORDER BY site, "row"`)
    const common = {
      recorded_at: new Date(AT.ms),
      recorded_local: AT.text,
      sub_users: 1n,
      unsub_users: 2n,
      total_users: 3n,
      call_times: 4n,
      show_times: 5n,
      mo_times: 6n,
      mt_times: 7n,
    }
    const day = new Date(DAY)
    const dayBefore = new Date('2026-11-09')
    expect(rows).toEqual([
      { ...common, site: 's1', row: 1, counts_of: day, stands: false },
      { ...common, site: 's1', row: 2, counts_of: day, stands: true },
      { ...common, site: 's2', row: 1, counts_of: dayBefore, stands: true },
    ])
  })
})

describe('row groups', () => {
  const many = (count: number, node = 'n') => Array.from({ length: count }, () => alarm({ node }))

  it('hold one site each, so that a reader of one site skips the others', async () => {
    const long = 'x'.repeat(63)
    const ids = [`${long}1`, `${long}2`, `${long}3`]
    const file = await written(
      'alarm',
      ids.map((id) => given<'alarm'>(siteOf(id), many(1_000))),
    )
    const groups = await duck.rows(
      `SELECT stats_min_value AS least, stats_max_value AS most, row_group_num_rows AS n
       FROM parquet_metadata(${file}) WHERE path_in_schema = 'site' ORDER BY row_group_id`,
    )
    expect(groups).toEqual(ids.map((id) => ({ least: id, most: id, n: 1_000n })))
  })

  it('are shared by small sites, and end at 100,000 rows', async () => {
    const file = await written('alarm', [
      given<'alarm'>(siteOf('a'), many(10)),
      given<'alarm'>(siteOf('b'), many(20)),
      given<'alarm'>(siteOf('c'), many(100_000)),
    ])
    const groups = await duck.rows(
      `SELECT DISTINCT row_group_id AS id, row_group_num_rows AS n FROM parquet_metadata(${file})
       ORDER BY id`,
    )
    expect(groups.map(({ n }) => n)).toEqual([100_000n, 30n])
    const rows = `SELECT site, count(*) AS n, max("row") AS most FROM read_parquet(${file})`
    expect(await duck.rows(`${rows} GROUP BY site ORDER BY site`)).toEqual([
      { site: 'a', n: 10n, most: 10 },
      { site: 'b', n: 20n, most: 20 },
      { site: 'c', n: 100_000n, most: 100_000 },
    ])
  })

  it('are found by texts that UTF-16 and UTF-8 order differently', async () => {
    const texts = ['｜', '😀', '', '中'.repeat(40), '￿', '\u{10FFFF}'.repeat(40)]
    const file = await written(
      'alarm',
      texts.map((text, at) => given<'alarm'>(siteOf(`s${at}`), many(999, text), many(1, 'z'))),
    )
    for (const text of texts) {
      const found = `SELECT count(*) AS n FROM read_parquet(${file}) WHERE node = '${text}'`
      expect([text, await duck.rows(found)]).toEqual([text, [{ n: 999n }]])
    }
  })
})

/** Any text that a day file can hold. */
const text = fc.string({ unit: 'grapheme', maxLength: 12 })
const number = fc.double({ min: 0, max: 1e15, noNaN: true }).map((value) => value + 0)
const stamp: fc.Arbitrary<Stamp> = fc
  .integer({ min: -(10 ** 11), max: 10 ** 11 })
  .map((seconds) => ({ text: `at ${seconds}`, ms: seconds * 1000 }))
const head = { server: text, ip: text, recorded: stamp }

const READINGS: { [F in Feed]: fc.Arbitrary<ReadingOf[F]> } = {
  system: fc.oneof(
    ...([
      { type: 'cpu', user: number, system: number, io: number, idle: number },
      { type: 'mem', used: number, free: number, buffer: number, total: number },
      { type: 'disk', mount: text, used: number, total: number },
      { type: 'os', name: text, kernel: text },
      { type: 'uptime', uptimeSeconds: number },
      { type: 'node', node: text, state: text },
    ].map(({ type, ...rest }) =>
      fc.record({ type: fc.constant(type), ...head, ...rest } as never),
    ) as unknown as fc.Arbitrary<SystemReading>[]),
  ),
  alarm: fc
    .record({
      name: text,
      node: text,
      description: text,
      raised: stamp,
      recovered: fc.option(stamp, { nil: undefined }),
      recorded: stamp,
    })
    .map(({ recovered, ...rest }) => ({ ...rest, ...(recovered && { recovered }) })),
  service: fc.record({
    subscribed: number,
    unsubscribed: number,
    totalUsers: number,
    calls: number,
    shows: number,
    mo: number,
    mt: number,
    recorded: stamp,
  }),
}

/** A row of DuckDB as the reading that it came from. */
const BACK: { [F in Feed]: (row: never) => ReadingOf[F] } = {
  system(row: Record<string, never>) {
    const { server, ip, type } = row
    const common = { server, ip, recorded: stampOf(row, 'recorded') }
    if (type === 'cpu') {
      const { cpu_user: user, cpu_system: system, cpu_io: io, cpu_idle: idle } = row
      return { ...common, type, user, system, io, idle } as never
    }
    if (type === 'mem') {
      const [used, free] = [Number(row.mem_used_bytes), Number(row.mem_free_bytes)]
      const [buffer, total] = [Number(row.mem_buffer_bytes), Number(row.mem_total_bytes)]
      return { ...common, type, used, free, buffer, total } as never
    }
    if (type === 'disk') {
      const [used, total] = [Number(row.disk_used_bytes), Number(row.disk_total_bytes)]
      return { ...common, type, mount: row.mount, used, total } as never
    }
    if (type === 'os') return { ...common, type, name: row.os_name, kernel: row.kernel } as never
    if (type === 'uptime') return { ...common, type, uptimeSeconds: row.uptime_seconds } as never
    return { ...common, type, node: row.node, state: row.node_state } as never
  },
  alarm(row: Record<string, never>) {
    const { name, node, description } = row
    const moments = { raised: stampOf(row, 'raised'), recorded: stampOf(row, 'recorded') }
    const recovered = row.recovered_at !== null && { recovered: stampOf(row, 'recovered') }
    return { name, node, description, ...moments, ...recovered } as unknown as AlarmReading
  },
  service(row: Record<string, never>) {
    const { sub_users, unsub_users, total_users, call_times, show_times, mo_times, mt_times } = row
    return {
      subscribed: Number(sub_users),
      unsubscribed: Number(unsub_users),
      totalUsers: Number(total_users),
      calls: Number(call_times),
      shows: Number(show_times),
      mo: Number(mo_times),
      mt: Number(mt_times),
      recorded: stampOf(row, 'recorded'),
    } satisfies ServiceReading
  },
}

function stampOf(row: Record<string, unknown>, name: string): Stamp {
  return { text: row[`${name}_local`] as string, ms: (row[`${name}_at`] as Date).getTime() }
}

/** What is kept of a reading: sizes and counts are whole, percentages and seconds are not. */
function kept<F extends Feed>(feed: F, reading: ReadingOf[F]): ReadingOf[F] {
  const type = feed === 'system' ? (reading as SystemReading).type : feed
  if (type === 'cpu' || type === 'uptime') return reading
  const entries = Object.entries(reading).map(([name, value]) => [
    name,
    typeof value === 'number' ? Math.round(value) : value,
  ])
  return Object.fromEntries(entries)
}

it.each(FEEDS)('any %s readings come back from DuckDB as they went in', async (feed) => {
  const runs = fc.array(fc.array(READINGS[feed] as fc.Arbitrary<ReadingOf[Feed]>), { maxLength: 3 })
  await fc.assert(
    fc.asyncProperty(fc.array(runs, { maxLength: 3 }), async (all) => {
      const sites = all.map((one, at) => given<Feed>(siteOf(`s${at}`), ...one))
      const file = await written(feed, sites)
      const rows = await duck.rows(`SELECT * FROM read_parquet(${file}) ORDER BY site, "row"`)
      const back = (row: Record<string, unknown>) => BACK[feed](row as never)
      expect(rows.map((row) => [row.site, row.row, back(row)])).toEqual(
        all.flatMap((one, at) =>
          one.flat().map((reading, index) => [`s${at}`, index + 1, kept(feed, reading)]),
        ),
      )
    }),
    { numRuns: 60 },
  )
})
