import type { Source } from '../../lib/fetch/source.ts'
import { collect, notify, type Rounds, report, settle } from '../../lib/pipeline.ts'
import type { Day } from '../../lib/site.ts'
import { addDays, DAY_MS, HOUR_MS, MINUTE_MS } from '../../lib/time.ts'
import type { Consumed } from '../fixtures/capacity-meter.ts'
import { type Usage as Metered, meteredAws } from '../fixtures/metered-aws.ts'
import { REAL_SITES, realWeekFiles } from '../fixtures/real-week.ts'
import { newWorld, realSites, type World } from '../fixtures/rounds-world.ts'

/**
 * What a job asks of AWS, and how many requests of the sites' web servers. Without what is made for
 * many sites at once: the page of all sites, and the Parquet files.
 */
export type Usage = Metered & { requests: number }

/** How a day is lived. */
export interface DayAsked {
  everyMinutes: number
  /** See `schedule.samplesEveryMinutes`. */
  samplesEveryMinutes?: number
  /** How long behind noon rounds are counted. */
  hours: number
  /** Weeks like the real one that lie before it: 4 for as many days as are kept. */
  weeksBefore: number
}

/** What the jobs of a day ask of AWS for one site: the mean of the sites of the real week. */
export interface DayUsage {
  /** A round that finds new lines, with the notifying behind it but for the mails. */
  round: Usage
  /** What a mail adds. */
  mail: Usage
  /** A report of the running day. */
  report: Usage
  /** The settling of the day before, with the report behind it. */
  settling: Usage
  /** A settling that finds nothing due. */
  idleSettling: Usage
}

/** The last day of the real week is lived; the week, and weeks like it, are the past. */
const DAY = '2026-11-14'
const MIDNIGHT_MS = Date.parse(`${DAY}T00:00:00+08:00`)

/** The evening before, up to which everything is done. */
const EVENING_MS = MIDNIGHT_MS - 6 * HOUR_MS

/** Days that are kept in the table: as many as there are with four weeks before. */
const KEEP_DAYS = 35

/** The day before is settled with the rounds until then left out. */
const SETTLED_MS = MIDNIGHT_MS + 3 * HOUR_MS + 10 * MINUTE_MS

/** From then on rounds and reports are counted: as much of the day is over as is to come. */
const NOON_MS = MIDNIGHT_MS + 12 * HOUR_MS

/** The three sites at some time of the day. */
interface Living {
  rounds: Rounds
  /** Brings files and clock to that time. */
  goTo(ms: number): Promise<void>
  /** Collects and notifies; gives the number of mails. */
  round(): Promise<number>
  /** What was asked for since the last `forget`, of all sites. */
  usage(wanted?: (one: Consumed) => boolean): Usage
  forget(): void
  close(): Promise<void>
}

/** Lives the day. */
export async function dayUsage(asked: DayAsked): Promise<DayUsage> {
  const { everyMinutes, hours } = asked
  const living = await pastLived(asked)
  const { rounds, goTo, round } = living
  try {
    const step = everyMinutes * MINUTE_MS
    for (let ms = MIDNIGHT_MS + step; ms <= MIDNIGHT_MS + 2 * HOUR_MS; ms += step) {
      await goTo(ms)
      await round()
    }
    await goTo(SETTLED_MS)
    await round()
    const settling = await counted(living, async () => {
      await settle(rounds, { paced: true })
      await report(rounds, { sitesOnly: true })
    })
    for (let ms = MIDNIGHT_MS + 4 * HOUR_MS; ms < NOON_MS; ms += step) {
      await goTo(ms)
      await round()
    }
    await report(rounds)
    const all: Record<'round' | 'mail' | 'report', Usage[]> = { round: [], mail: [], report: [] }
    for (let ms = NOON_MS; ms < NOON_MS + hours * HOUR_MS; ms += step) {
      await goTo(ms)
      living.forget()
      const sent = await round()
      all.round.push(shared(living.usage((one) => !isMail(one))))
      if (sent > 0) all.mail.push(shared(living.usage(isMail), sent))
      if ((ms - NOON_MS) % HOUR_MS > 0) continue
      all.report.push(await counted(living, () => report(rounds, { sitesOnly: true })))
    }
    const idleSettling = await counted(living, () => settle(rounds, { paced: true }))
    return {
      round: meanOf(all.round),
      mail: { ...meanOf(all.mail), requests: 0 },
      report: meanOf(all.report),
      settling,
      idleSettling,
    }
  } finally {
    await living.close()
  }
}

/** The claims of mails and what is noted of them. */
function isMail({ kind, operation }: Consumed): boolean {
  return kind === 'notices' && operation !== 'GetItem'
}

/** The sites at midnight, with the weeks before in table, archive and pages. */
async function pastLived({ samplesEveryMinutes, weeksBefore }: DayAsked): Promise<Living> {
  const world = await newWorld()
  await world.configure({
    sites: realSites(undefined, { recipients: ['ops@example.com'] }),
    retention: { keepDays: KEEP_DAYS },
    ...(samplesEveryMinutes && { schedule: { samplesEveryMinutes } }),
  })
  let nowMs = EVENING_MS
  const embedded = world.open({ now: () => nowMs })
  const aws = await meteredAws()
  let requests = 0
  const openSource: Rounds['openSource'] = (site) => {
    const source = embedded.openSource(site)
    const read: Source['read'] = (path, from) => {
      requests += 1
      return source.read(path, from)
    }
    return { read, close: () => source.close() }
  }
  const rounds: Rounds = { ...embedded, ...aws.ports, openSource, foldLater: true }
  const files = filesOfWeeks(weeksBefore)
  for (const [path, bytes] of files) if (!isOfDay(path)) await world.write(path, bytes)
  for (const week of weeksFrom(addDays(DAY, -(6 + 7 * weeksBefore)))) {
    // Settled for good two days later, but for the days of which that is yet to come.
    nowMs = Math.min(Date.parse(`${week.to}T02:10:00+08:00`) + 3 * DAY_MS, EVENING_MS)
    await collect(rounds, { via: 'backfill', range: week })
    await settle(rounds, { range: week })
  }
  nowMs = EVENING_MS
  await collect(rounds, { via: 'round' })
  await notify(rounds)
  await report(rounds)
  return {
    rounds,
    usage: (wanted) => ({ ...aws.usage(wanted), requests }),
    forget() {
      aws.forget()
      requests = 0
    },
    async goTo(ms) {
      nowMs = ms
      await writeUpTo(world, files, (ms - MIDNIGHT_MS) / DAY_MS)
    },
    async round() {
      const behind = await collect(rounds, { via: 'round', paced: true })
      return (await notify(rounds, { behind })).sent.length
    },
    async close() {
      await aws.close()
      await embedded.close()
      await world.remove()
    },
  }
}

/** The days from `first` on by weeks, up to the last that is settled for good, and those behind. */
function weeksFrom(first: Day): { from: Day; to: Day }[] {
  const [done, last] = [addDays(DAY, -4), addDays(DAY, -2)]
  const weeks: { from: Day; to: Day }[] = []
  for (let from = first, to: Day; from <= done; from = addDays(to, 1)) {
    to = addDays(from, 6) < done ? addDays(from, 6) : done
    weeks.push({ from, to })
  }
  return [...weeks, { from: addDays(done, 1), to: last }]
}

/** The files of the day as they are when this share of it is over. */
async function writeUpTo(world: World, files: ReadonlyMap<string, Buffer>, share: number) {
  for (const [path, bytes] of files) {
    if (!isOfDay(path)) continue
    await world.write(path, bytes.subarray(0, Math.floor(bytes.length * share)))
  }
}

function isOfDay(path: string): boolean {
  return path.endsWith(`_${DAY.replaceAll('-', '')}.txt`)
}

/** The real week, and the weeks before it: the same but for their dates. */
function filesOfWeeks(weeksBefore: number): Map<string, Buffer> {
  const week = [...realWeekFiles()]
  const files = new Map(week)
  for (let back = 1; back <= weeksBefore; back += 1) {
    const moved = (text: string) =>
      text.replace(/2026(-?)11-?(0[1-9]|1\d)/g, (_, dash: string, day: string) =>
        addDays(`2026-11-${day}`, -7 * back).replaceAll('-', dash),
      )
    for (const [path, bytes] of week) {
      if (path.includes('/sys_service/')) continue
      files.set(moved(path), Buffer.from(moved(bytes.toString('latin1')), 'latin1'))
    }
  }
  return files
}

async function counted(living: Living, act: () => Promise<unknown>): Promise<Usage> {
  living.forget()
  await act()
  return shared(living.usage())
}

function shared(usage: Usage, shares: number = REAL_SITES.length): Usage {
  return mapped(usage, (count) => count / shares)
}

function meanOf(all: readonly Usage[]): Usage {
  const sums = all.reduce((sum, one) => mapped(sum, (count, of) => count + one[of]))
  return shared(sums, all.length)
}

function mapped(usage: Usage, change: (count: number, of: keyof Usage) => number): Usage {
  const names = Object.keys(usage) as (keyof Usage)[]
  return Object.fromEntries(
    names.map((name) => [name, change(usage[name], name)]),
  ) as unknown as Usage
}
