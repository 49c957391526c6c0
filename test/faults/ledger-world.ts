import { ledgersOf, segmentsUpTo } from '../../lib/ledger/ledger.ts'
import { mergedRows, readerOf } from '../../lib/ledger/rows.ts'
import type { AlarmReading, ReadingOf, Reject } from '../../lib/parse/feeds.ts'
import {
  type Collected,
  type CollectRequest,
  collect,
  type Rounds,
  report,
} from '../../lib/pipeline.ts'
import type { Day, Feed } from '../../lib/site.ts'
import { compactDay, Zone } from '../../lib/time.ts'
import { type Portal, portalServer } from '../fixtures/portal-server.ts'
import { newWorld, type World } from '../fixtures/rounds-world.ts'
import { type Counts, generations, storedCounts } from '../ledger/oracle.ts'

/*
 * What the tests of the faults stand on: real sites in folders or behind web servers, the real
 * pipeline over SQLite on the disk, and a clock that the test moves. What the ledger holds is
 * read back here, and nowhere else.
 */

/** The day that most of these tests are about. */
export const DAY = '2026-11-10'

/** What a ledger holds of one day file. */
export interface Held<F extends Feed = 'alarm'> {
  /** Every stored line of all generations, and how often. */
  stored: Counts
  /** The bytes of the newest generation, which must be those of the file. */
  newest: Buffer
  generation: number
  records: number
  lines: number
  unknown: number
  blank: number
  readings: ReadingOf[F][]
  rejects: Reject[]
  /** Up to where the file is held, and how it is written. */
  end: number
  charset: string | undefined
}

/** A back end over a state folder, and everything that a test asks of it. */
export interface LedgerWorld extends World {
  rounds: Rounds
  /** A web server over the folder of the portals. */
  portal: Portal
  /** The moment that every clock reads, as text in Beijing; moved by setting it. */
  now: string
  /** One round, or a backfill, over one day or over what is due. */
  collect(request?: Partial<CollectRequest> & { day?: Day }): Promise<Collected>
  report(): Promise<string[]>
  heldOf<F extends Feed = 'alarm'>(site?: string, feed?: F, day?: Day): Promise<Held<F>>
  /** Ends the process, so to speak, and begins another one over the same state. */
  restart(): Promise<void>
  /** One more process over the same state, which the caller closes. */
  another(): Rounds & { close(): Promise<void> }
}

const BEIJING = new Zone('Asia/Shanghai')

/** A world with a configuration; `change` may put other parts into the back end. */
export async function ledgerWorld(
  config: (portalUrl: string) => object,
  change: (rounds: Rounds) => Partial<Rounds> = () => ({}),
): Promise<LedgerWorld> {
  const world = await newWorld()
  const portal = await portalServer(world.portals)
  await world.configure(config(portal.url))
  const now = { text: `${DAY} 12:00:00` }
  const clock = { now: () => BEIJING.parse(now.text)! }
  const opened = () => {
    const back = world.open(clock)
    return { ...back, ...change(back) }
  }
  let back = opened()
  return {
    ...world,
    portal,
    get rounds() {
      return back
    },
    get now() {
      return now.text
    },
    set now(text) {
      now.text = text
    },
    collect: ({ day, ...request } = {}) =>
      collect(back, { via: 'round', ...(day && { range: { from: day, to: day } }), ...request }),
    report: async () => (await report(back)).published,
    heldOf: (site = 's1', feed, day = DAY) => heldOf(back, site, feed!, day),
    async restart() {
      await back.close()
      back = opened()
    },
    another: opened,
    async remove() {
      await back.close()
      await portal.close()
      await world.remove()
    },
  }
}

async function heldOf<F extends Feed>(
  rounds: Rounds,
  id: string,
  feed: F = 'alarm' as F,
  day: Day,
): Promise<Held<F>> {
  const site = rounds.settings.sites.find((one) => one.id === id)!
  const file = { site: id, feed, day }
  const store = ledgersOf(rounds)
  const records = await segmentsUpTo(store, file, Number.POSITIVE_INFINITY)
  const held: Held<F> = {
    ...{ stored: storedCounts(records), newest: Buffer.alloc(0), generation: 0, end: 0 },
    ...{ records: records.length, lines: 0, unknown: 0, blank: 0, readings: [], rejects: [] },
    charset: records.at(-1)?.charset,
  }
  for (const [generation, bytes] of generations(records)) {
    Object.assign(held, { generation, newest: bytes, end: bytes.length })
  }
  const reader = readerOf(site, new Zone(site.timeZone))
  for await (const { parsed } of mergedRows(store, file, reader, 0)) {
    held.lines += parsed.lines
    held.unknown += parsed.unknown
    held.blank += parsed.blank
    held.readings.push(...parsed.readings)
    held.rejects.push(...parsed.rejects)
  }
  return held
}

const FILES = {
  system: 'sys_monitor/system_info',
  alarm: 'sys_alarm/system_alarm',
  service: 'sys_service/system_service',
}

/** Where a site's file of a feed and day stands below the portals' folder. */
export function dayFilePath(feed: Feed = 'alarm', site = 's1', day: Day = DAY): string {
  return `${site}/${FILES[feed]}_${compactDay(day)}.txt`
}

/** What an alarm line says beside its name; times as text in the zone of the site. */
export interface AlarmTexts {
  site?: string
  raised?: string
  ended?: string
  recorded?: string
}

/** One line of an alarm file; recorded when it was raised where nothing else is said. */
export function alarmLine(name: string, texts: AlarmTexts = {}): string {
  const { site = 's1', raised = `${DAY} 08:00:00`, ended = '', recorded = raised } = texts
  return `${site}|${name}|node|说明 of ${name}|${raised}|${ended}|${recorded}\n`
}

/** Alarm lines `from` to `to` (not included), no two alike. */
export function alarmLines(from: number, to: number, site = 's1'): string {
  const lines = Array.from({ length: to - from }, (_, n) => alarmLine(`A-${from + n}`, { site }))
  return lines.join('')
}

/** The names of readings, in order. */
export function namesOf(readings: readonly AlarmReading[]): string[] {
  return readings.map(({ name }) => name)
}
