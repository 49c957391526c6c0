import type { DescribedAlarm } from '../alarms/alarm.ts'
import { described, worstFirst } from '../alarms/dictionary.ts'
import { isExpired, observedSpans } from '../alarms/expiry.ts'
import {
  addObservation,
  type Occurrence,
  type Occurrences,
  occurrenceKey,
  openAlarm,
} from '../alarms/occurrence.ts'
import { standingAt } from '../alarms/past.ts'
import { observationsOf } from '../alarms/rows.ts'
import { siteDays } from '../ledger/days.ts'
import { unsettledDays } from '../ledger/due.ts'
import { ledgersOf, recordsAfter } from '../ledger/ledger.ts'
import { observedDays } from '../ledger/observed.ts'
import { lastArchivedDay } from '../ledger/put-off.ts'
import { isClose } from '../ledger/record.ts'
import { type Notice, readNotice } from '../notify/notice.ts'
import { openAlarms, type Rounds } from '../pipeline.ts'
import { coverage, feedsOf, isProvisional, settling, siteFacts } from '../publish/site-facts.ts'
import type { Day, Feed, Site } from '../site.ts'
import { noticeKey } from '../store/keys.ts'
import { addDays, DAY_MS, type Zone, zoneNamed } from '../time.ts'
import type { FeedFacts, Generation } from './explain-feed.ts'

/** Whether rounds still read a day, and why. */
export type Followed =
  | { state: 'not-begun' | 'runs' | 'gone' }
  /** Rounds read it until it was read once more after this instant. */
  | { state: 'followed' | 'settled'; finalMs: number }
  /** Only a backfill read it, so rounds leave it alone. */
  | { state: 'backfill-only' }

/** The alarms that a day is explained by. */
export interface DayAlarms {
  /** The instant that counts: the day's end, or now while it runs. */
  atMs: number
  standing: DescribedAlarm[]
  /** Raised on the day or standing at its end: those whose mail is explained. */
  all: DescribedAlarm[]
  /** The last that is known of each. */
  last: Occurrences
  /** What stands now. */
  open: DescribedAlarm[]
  notices: { to: string; notice: Notice }[]
}

/** Everything that a site's day is explained from. */
export interface DayFacts {
  site: Site
  zone: Zone
  day: Day
  nowMs: number
  followed: Followed
  feeds: FeedFacts[]
  /** Undefined for a site without alarm feed. */
  alarms: DayAlarms | undefined
}

/** Reads what a day of a site is explained from; writes nothing. */
export async function dayFacts(rounds: Rounds, site: Site, day: Day): Promise<DayFacts> {
  const { settings, clock } = rounds
  const zone = zoneNamed(site.timeZone)
  const nowMs = clock.now()
  const facts = await siteFacts(rounds, { site, zone }, { from: day, to: day }, nowMs)
  const { gapMinutes } = settings.thresholds
  const observed = facts.observed.get(day)
  const feeds: FeedFacts[] = []
  for (const feed of feedsOf(facts)) {
    const tally = facts.days.get(day)?.feeds[feed]
    feeds.push({
      feed,
      coverage: coverage(facts, feed, day, gapMinutes),
      firstDay: facts.firstDays.get(feed),
      day,
      tally,
      intervals: observed?.feeds[feed] ?? [],
      dayStartMs: zone.startOf(day),
      dayEndMs: zone.endOf(day),
      nowMs,
      onRewrite: site.onRewrite,
      gapMinutes,
      provisional: feed === 'service' && isProvisional(facts, day),
      settling: settling(facts, feed, day),
      archiveLate: day <= lastArchivedDay(zone, settings.retention.keepDays, nowMs),
      generations: tally && tally.generation > 0 ? await generations(rounds, site, feed, day) : [],
    })
  }
  const followed = await followedState(rounds, site, zone, day, nowMs)
  const alarms = site.feeds.alarm && (await dayAlarms(rounds, site, zone, day, nowMs))
  return { site, zone, day, nowMs, followed, feeds, alarms }
}

/** When each generation was read first. */
async function generations(rounds: Rounds, site: Site, feed: Feed, day: Day) {
  const found: Generation[] = []
  const file = { site: site.id, feed, day }
  for await (const record of recordsAfter(ledgersOf(rounds), file, 0)) {
    if (isClose(record)) continue
    const { generation, readAtMs, via, aside } = record
    const known = aside || found.some((one) => one.generation === generation)
    if (!known) found.push({ generation, firstReadMs: readAtMs, via })
  }
  return found
}

async function followedState(
  { table, settings }: Rounds,
  site: Site,
  zone: Zone,
  day: Day,
  nowMs: number,
): Promise<Followed> {
  const { keepDays, settleAfterDays } = settings.retention
  const today = zone.dayOf(nowMs)
  if (day > today) return { state: 'not-begun' }
  if (day === today) return { state: 'runs' }
  const from = addDays(today, -keepDays)
  if (day < from) return { state: 'gone' }
  const observed = await observedDays(table, site.id, nowMs, { from })
  const finalMs = zone.endOf(day) + settleAfterDays * DAY_MS
  const unsettled = unsettledDays({ site, zone, nowMs, keepDays, settleAfterDays, observed })
  if (unsettled.includes(day)) return { state: 'followed', finalMs }
  if (observed.get(day)?.via === 'round') return { state: 'settled', finalMs }
  return { state: 'backfill-only' }
}

async function dayAlarms(
  rounds: Rounds,
  site: Site,
  zone: Zone,
  day: Day,
  nowMs: number,
): Promise<DayAlarms> {
  const { table, settings, dictionary } = rounds
  const placed = { site, zone }
  const today = zone.dayOf(nowMs)
  const from = addDays(day, -settings.retention.keepDays)
  // Recoveries stand in the files of later days too.
  const days = [...(await siteDays(table, site.id, { from, to: today })).keys()]
  const observations = await observationsOf(ledgersOf(rounds), placed, days)
  const atMs = Math.min(nowMs, zone.endOf(day) - 1)
  const [standingThen = []] = standingAt(observations, [atMs])
  const spans = observedSpans(await observedDays(table, site.id, nowMs, { from, to: today }), zone)
  const last: Occurrences = new Map()
  for (const observation of observations) addObservation(last, observation)
  const words = (one: Occurrence) => described(openAlarm(site.id, one), dictionary, site.language)
  const standing = standingThen.filter(
    (one) => !isExpired(one.changedMs, atMs, spans, settings.thresholds.expireAfterDays),
  )
  const keys = new Set(standing.map(occurrenceKey))
  const raised = [...last.values()].filter(
    (one) => zone.dayOf(one.raisedMs) === day && !keys.has(occurrenceKey(one)),
  )
  const notices = []
  for (const to of new Set(site.recipients)) {
    notices.push({ to, notice: readNotice(await table.get(noticeKey(to, site.id))) })
  }
  return {
    atMs,
    standing: standing.map(words).sort(worstFirst),
    all: [...standing, ...raised].map(words).sort(worstFirst),
    last,
    open: await openAlarms(rounds, site, nowMs),
    notices,
  }
}
