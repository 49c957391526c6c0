import type { DescribedAlarm } from '../../lib/alarms/alarm.ts'
import { SEVERITIES } from '../../lib/alarms/alarm.ts'
import { serviceFigures } from '../../lib/figures/service.ts'
import { stormFigures } from '../../lib/figures/storm.ts'
import { systemFigures } from '../../lib/figures/system.ts'
import { verdict, worstLevel } from '../../lib/figures/verdict.ts'
import type { Proof } from '../../lib/ledger/record.ts'
import type { ServiceReading, Stamp, SystemReading } from '../../lib/parse/feeds.ts'
import type { FeedArrival } from '../../lib/report/pages/day-arrived.ts'
import type { FeedSettling } from '../../lib/report/pages/day-proof.ts'
import type { DayMark, OverviewView } from '../../lib/report/pages/overview.ts'
import { overviewRow } from '../../lib/report/pages/overview.ts'
import type { SiteDayView } from '../../lib/report/pages/site-day.ts'
import type { SiteDaysView } from '../../lib/report/pages/site-days.ts'
import { addDays, daysFromTo, HOUR_MS, MINUTE_MS, Zone } from '../../lib/time.ts'

/** Made-up site-days, the same at every run. */
export interface Sample {
  servers?: number
  alarms?: number
  day?: string
  timeZone?: string
  /** Stands in every field that a site, its dictionary or a configuration can fill. */
  name?: string
}

const THRESHOLDS = { cpuPercent: 90, memoryPercent: 90, diskPercent: 85 }

/** Numbers in [0, 1) that look like chance. */
function wobble(seed: number): number {
  return (Math.imul(seed + 1, 2654435761) >>> 0) / 2 ** 32
}

/** A view of a day with everything on it: hot servers, odd counts, open alarms, rejects. */
export function sampleDayView(sample: Sample = {}): SiteDayView {
  const { day = '2026-11-10', timeZone = 'Asia/Shanghai', name } = sample
  const zone = new Zone(timeZone)
  const window = { startMs: zone.startOf(day), endMs: zone.endOf(day) }
  const stamp = (ms: number): Stamp => ({ text: zone.textOf(ms), ms })
  const system = systemFigures(
    sampleReadings(sample.servers ?? 3, name, window.startMs, window.endMs, stamp),
    window,
  )
  const counts = new Map<string, ServiceReading>()
  for (const past of daysFromTo(addDays(day, -70), day)) {
    const scale = past === day ? 0.3 : 1 + wobble(Date.parse(past) / 864e5) * 0.1
    const count = (value: number) => Math.round(value * scale)
    counts.set(past, {
      subscribed: count(700),
      unsubscribed: count(400),
      totalUsers: 1_283_720,
      calls: count(650_000),
      shows: count(550_000),
      mo: count(18_000),
      mt: count(23_000),
      recorded: stamp(window.startMs),
    })
  }
  const service = serviceFigures(day, counts)
  const openAlarms = Array.from({ length: sample.alarms ?? 10 }, (_, index) =>
    sampleAlarm(index, window.startMs + wobble(index) * 20 * HOUR_MS, zone, name),
  )
  const raised = Array.from({ length: 1500 }, (_, index) => ({
    ms: window.startMs + wobble(index) * (window.endMs - window.startMs),
    severity: SEVERITIES[index % 5] ?? 'unknown',
  }))
  const feeds = sampleFeeds(window.endMs, name)
  const parts = { openAlarms, system, service, feeds, thresholds: THRESHOLDS, running: false }
  return {
    brand: name ?? '巡点 Siterounds',
    languageLinks: [{ language: 'en', href: '../../en/bj01/2026-11-10/index.html' }],
    site: { id: 'bj01', name: name ?? '北京一局', timeZone },
    day,
    window,
    running: false,
    sitesHref: '../../index.html',
    calendarHref: '../index.html',
    previous: { day: addDays(day, -1), href: `../${addDays(day, -1)}/index.html` },
    next: { day: addDays(day, 1), href: `../${addDays(day, 1)}/index.html` },
    downloads: [{ label: name ?? 'JSON', href: 'day.json' }],
    revision: 3,
    dataUpToMs: window.endMs - 5 * MINUTE_MS,
    findings: verdict(parts),
    feeds,
    service,
    serviceProvisional: true,
    openAlarms,
    atMs: window.endMs,
    storm: stormFigures(raised, 1490, window),
    system,
    thresholds: THRESHOLDS,
  }
}

function* sampleReadings(
  servers: number,
  name: string | undefined,
  startMs: number,
  endMs: number,
  stamp: (ms: number) => Stamp,
): Generator<SystemReading> {
  for (let index = 0; index < servers; index += 1) {
    const server = `${name ?? 'app'}${index}`
    const from = { server, ip: name ?? `10.0.0.${index}` }
    const first = { ...from, recorded: stamp(startMs) }
    yield { ...first, type: 'os', name: name ?? 'CentOS Linux 7.9', kernel: name ?? '3.10.0' }
    yield { ...first, type: 'uptime', uptimeSeconds: 2_764_800 }
    yield { ...first, type: 'node', node: name ?? 'gateway', state: name ?? 'running' }
    for (let ms = startMs, n = index; ms < endMs; ms += 5 * MINUTE_MS, n += 1) {
      // A hole of an hour and a lone sample within it: gaps must show as gaps.
      const slot = (ms - startMs) / (5 * MINUTE_MS)
      if (slot > 100 && slot < 112 && slot !== 106) continue
      const recorded = stamp(ms)
      const user = (index % 3 === 1 ? 70 : 20) + wobble(n) * 20
      yield { ...from, recorded, type: 'cpu', user, system: 12, io: 3, idle: 85 - user }
      const used = 8e9 + wobble(n) * 1e9
      yield { ...from, recorded, type: 'mem', used, free: 6e9, buffer: 1e9, total: 16e9 }
    }
    const disk = { ...first, type: 'disk' as const, total: 100e9 }
    yield { ...disk, mount: name ?? '/', used: index % 3 === 1 ? 93e9 : 40e9 }
    yield { ...disk, mount: `${name ?? ''}C:\\`, used: 20e9 }
  }
}

function sampleAlarm(index: number, ms: number, zone: Zone, name?: string): DescribedAlarm {
  const raisedMs = Math.floor(ms / 1000) * 1000
  return {
    site: 'bj01',
    name: name ? `${name}c` : `ALM-10${index}`,
    node: name ? `${name}n` : `bj01-ne0${index}`,
    raisedText: zone.textOf(raisedMs),
    raisedMs,
    description: name ? `${name}d` : index % 2 ? 'CDR backlog of 4,211 files' : '',
    changedMs: raisedMs,
    backfilled: false,
    severity: SEVERITIES[index % 5] ?? 'unknown',
    title: name ? `${name}t` : '话单积压',
  }
}

function sampleFeeds(endMs: number, name: string | undefined): FeedArrival[] {
  const feed = (kind: FeedArrival['feed'], more: Partial<FeedArrival> = {}): FeedArrival => ({
    feed: kind,
    coverage: 'complete',
    counts: { lines: 1878, readings: 1878, rejects: 0, unknown: 0, blank: 0 },
    rejectReasons: {},
    rejectSamples: [],
    generation: 0,
    firstArrivalMs: endMs - 23 * HOUR_MS,
    lastArrivalMs: endMs + MINUTE_MS,
    settled: sampleSettled(endMs, name ?? `sys_${kind}_20261110.txt`),
    ...more,
  })
  return [
    feed('system', {
      coverage: 'partial',
      counts: { lines: 1880, readings: 1877, rejects: 2, unknown: 1, blank: 0 },
      rejectReasons: { 'bad-time': 1, oversize: 1 },
      rejectSamples: [
        { reason: 'bad-time', text: name ?? 'app1|10.0.0.1|bj01|cpu|1|2|3|4|yesterday' },
        { reason: 'oversize', text: 'x'.repeat(200) },
      ],
    }),
    feed('alarm', {
      coverage: 'replaced',
      generation: 1,
      settled: sampleSettled(endMs, name ?? 'system_alarm_20261110.txt', { generation: 1 }),
    }),
    feed('service', {
      coverage: 'late',
      settled: {
        ...sampleSettled(endMs, name ?? 'system_service_20261110.txt', { compared: false }),
        tailCounted: true,
      },
    }),
  ]
}

/** A feed that was settled two hours after its day; `more` stands in its proof. */
export function sampleSettled(
  endMs: number,
  fileName: string,
  more: Partial<Proof> = {},
): FeedSettling {
  const counts = { lines: 1880, readings: 1877, rejects: 2, unknown: 1, blank: 0 }
  const proof: Proof = {
    ...counts,
    readAtMs: endMs + 2 * HOUR_MS,
    compared: true,
    generation: 0,
    bytes: 182_311,
    sha256: '4f2d1c0b9a'.repeat(7).slice(0, 64),
    ...more,
  }
  return { settling: { state: 'settled', proof }, fileName, tailCounted: false }
}

const LEVELS_SHOWN = ['bad', 'warn', 'note', 'calm'] as const

/** A fleet of made-up sites. */
export function sampleOverview(sites: number, name?: string): OverviewView {
  const view = sampleDayView(name === undefined ? {} : { name })
  const calm = { ...view, findings: [], openAlarms: [] }
  const days: DayMark[] = daysFromTo('2026-11-04', '2026-11-10').map((day, index) => ({
    day,
    href: `bj01/${day}/index.html`,
    level: LEVELS_SHOWN[index % 4] ?? 'calm',
  }))
  const rows = Array.from({ length: sites }, (_, index) => {
    const of = index % 2 ? calm : view
    const site = { ...of.site, id: `s${index}`, name: name ?? `局点 ${index}` }
    return overviewRow({ ...of, site }, `s${index}/2026-11-10/index.html`, days)
  })
  return { brand: name ?? '巡点', languageLinks: [{ language: 'en', href: 'en/' }], rows }
}

/** A calendar over two months. */
export function sampleCalendar(name?: string): SiteDaysView {
  const view = sampleDayView()
  const level = worstLevel(view.findings)
  return {
    brand: name ?? '巡点',
    languageLinks: [],
    site: { ...view.site, name: name ?? view.site.name },
    sitesHref: '../index.html',
    days: daysFromTo('2026-10-20', '2026-11-10').map((day) => ({
      day,
      href: `${day}/index.html`,
      level,
      openAlarms: 7,
    })),
  }
}
