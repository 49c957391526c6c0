import { collect, notify, type Rounds, report, settle } from '../../lib/pipeline.ts'
import { addDays, DAY_MS, HOUR_MS, MINUTE_MS } from '../../lib/time.ts'
import type { Consumed } from '../fixtures/capacity-meter.ts'
import { type MeteredAws, meteredAws, type Usage } from '../fixtures/metered-aws.ts'
import { REAL_SITES, realWeekFiles } from '../fixtures/real-week.ts'
import { newWorld, realSites, type World } from '../fixtures/rounds-world.ts'

/** What the jobs of a day ask of AWS for one site: the mean of the sites of the real week. */
export interface DayUsage {
  /** A round that finds new lines, with the notifying behind it but for the mails. */
  round: Usage
  /** A round and the notifying behind it when nothing is new. */
  quietRound: Usage
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

/** As many as are kept in the table. */
const WEEKS_BEFORE = 4
const KEEP_DAYS = 35

/** The day before is settled with the rounds until then left out. */
const SETTLED_MS = MIDNIGHT_MS + 3 * HOUR_MS + 10 * MINUTE_MS

/** From then on rounds and reports are counted: as much of the day is over as is to come. */
const NOON_MS = MIDNIGHT_MS + 12 * HOUR_MS

/** The three sites at some time of the day. */
interface Living {
  aws: MeteredAws
  rounds: Rounds
  /** Brings files and clock to that time. */
  goTo(ms: number): Promise<void>
  /** Collects and notifies; gives the number of mails. */
  round(): Promise<number>
  close(): Promise<void>
}

/** Lives the day with rounds every so many minutes, until `hours` behind noon. */
export async function dayUsage(everyMinutes: number, hours: number): Promise<DayUsage> {
  const living = await pastLived()
  const { aws, rounds, goTo, round } = living
  try {
    const step = everyMinutes * MINUTE_MS
    for (let ms = MIDNIGHT_MS + step; ms <= MIDNIGHT_MS + 2 * HOUR_MS; ms += step) {
      await goTo(ms)
      await round()
    }
    await goTo(SETTLED_MS)
    await round()
    const settling = await counted(aws, async () => {
      await settle(rounds, { paced: true })
      await report(rounds)
    })
    for (let ms = MIDNIGHT_MS + 4 * HOUR_MS; ms < NOON_MS; ms += step) {
      await goTo(ms)
      await round()
    }
    await report(rounds)
    const all: Record<'round' | 'mail' | 'report', Usage[]> = { round: [], mail: [], report: [] }
    for (let ms = NOON_MS; ms < NOON_MS + hours * HOUR_MS; ms += step) {
      await goTo(ms)
      aws.forget()
      const sent = await round()
      all.round.push(shared(aws.usage((one) => !isMail(one))))
      if (sent > 0) all.mail.push(shared(aws.usage(isMail), sent))
      if ((ms - NOON_MS) % HOUR_MS > 0) continue
      all.report.push(await counted(aws, () => report(rounds)))
    }
    const idleSettling = await counted(aws, () => settle(rounds, { paced: true }))
    return {
      round: meanOf(all.round),
      quietRound: await quietRound(living),
      mail: { ...meanOf(all.mail), puts: 0, gets: 0 },
      report: meanOf(all.report),
      settling,
      idleSettling,
    }
  } finally {
    await living.close()
  }
}

/** Three rounds behind each other over files that do not grow: the last one. */
async function quietRound({ aws, round }: Living): Promise<Usage> {
  await round()
  await round()
  return counted(aws, round)
}

/** The claims of mails and what is noted of them. */
function isMail({ kind, operation }: Consumed): boolean {
  return kind === 'notices' && operation !== 'GetItem'
}

/** The sites at midnight, with the weeks before in table, archive and pages. */
async function pastLived(): Promise<Living> {
  const world = await newWorld()
  await world.configure({
    sites: realSites(undefined, { recipients: ['ops@example.com'] }),
    retention: { keepDays: KEEP_DAYS },
  })
  let nowMs = MIDNIGHT_MS - 6 * HOUR_MS
  const embedded = world.open({ now: () => nowMs })
  const aws = await meteredAws()
  const rounds: Rounds = { ...embedded, ...aws.ports, foldLater: true }
  const files = filesOfWeeks()
  const range = { from: addDays(DAY, -(KEEP_DAYS - 1)), to: addDays(DAY, -2) }
  for (const [path, bytes] of files) if (!isOfDay(path)) await world.write(path, bytes)
  await collect(rounds, { via: 'backfill', range })
  await settle(rounds, { range })
  await collect(rounds, { via: 'round' })
  await notify(rounds)
  await report(rounds)
  return {
    aws,
    rounds,
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
function filesOfWeeks(): Map<string, Buffer> {
  const week = [...realWeekFiles()]
  const files = new Map(week)
  for (let back = 1; back <= WEEKS_BEFORE; back += 1) {
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

async function counted(aws: MeteredAws, act: () => Promise<unknown>): Promise<Usage> {
  aws.forget()
  await act()
  return shared(aws.usage())
}

function shared(usage: Usage, shares: number = REAL_SITES.length): Usage {
  return mapped(usage, (count) => count / shares)
}

function meanOf(all: readonly Usage[]): Usage {
  const sums = all.reduce((sum, one) => mapped(sum, (count, of) => count + one[of]))
  return shared(sums, all.length)
}

function mapped(usage: Usage, change: (count: number, of: keyof Usage) => number): Usage {
  const { readUnits, writeUnits, puts, gets } = usage
  return {
    readUnits: change(readUnits, 'readUnits'),
    writeUnits: change(writeUnits, 'writeUnits'),
    puts: change(puts, 'puts'),
    gets: change(gets, 'gets'),
  }
}
