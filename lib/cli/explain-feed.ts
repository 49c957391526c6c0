import type { Coverage } from '../ledger/coverage.ts'
import { type Hole, holesOf } from '../ledger/holes.ts'
import type { Interval } from '../ledger/observed.ts'
import type { Via } from '../ledger/record.ts'
import type { Settling } from '../ledger/settling.ts'
import type { Tally } from '../ledger/tally.ts'
import type { Day, Feed, Site } from '../site.ts'
import { en } from '../text/en.ts'
import { MINUTE_MS } from '../time.ts'
import { settlingSentences } from './explain-settling.ts'
import { lengthOf, listed, many } from './moments.ts'

/** One incarnation of a day file: when it was read first, and by what. */
export interface Generation {
  generation: number
  firstReadMs: number
  via: Via
}

/** What the coverage of a feed is explained from. */
export interface FeedFacts {
  feed: Feed
  coverage: Coverage
  /** The first day of which this feed was read; undefined when it never was. */
  firstDay: Day | undefined
  day: Day
  tally: Tally | undefined
  intervals: readonly Interval[]
  dayStartMs: number
  dayEndMs: number
  nowMs: number
  gapMinutes: number
  /** True when the service counts are only there as an unfinished line. */
  provisional: boolean
  settling: Settling
  /** True when the day should be archived by now. */
  archiveLate: boolean
  generations: readonly Generation[]
  onRewrite: Site['onRewrite']
}

/** Why a feed's coverage is what it is, as a token for scripts. */
export type Reason =
  | 'whole'
  | 'never-read'
  | 'absent'
  | 'not-begun'
  | 'runs'
  | 'not-read-after-end'
  | 'empty'
  | 'no-counts'
  | 'holes'
  | 'replaced'
  | 'late'

/** The explanation of one feed's coverage. */
export interface FeedExplained {
  reasons: Reason[]
  /** Stretches without samples that are longer than is allowed; of the system feed only. */
  holes: Hole[]
  sentences: string[]
}

/** Holes that are told one by one. */
const MOST_HOLES = 6

/** Explains one feed of a day; `at` says a moment in the site's time. Pure. */
export function explainFeed(facts: FeedFacts, at: (ms: number) => string): FeedExplained {
  const holes = holesIn(facts)
  const why = reasonsOf(facts, holes)
  const sentences = why.map((reason) => TOLD[reason](facts, at, holes))
  sentences.push(...arrivals(facts, at))
  if (facts.provisional) {
    sentences.push(
      'The counts stand in a last line that the site has not ended with a newline: they are ' +
        'shown as provisional and are not counted as a line yet.',
    )
  }
  return {
    reasons: why,
    holes,
    sentences: [...sentences, ...rejects(facts), ...settlingSentences(facts, at)],
  }
}

/** All that is true; coverageOf (lib/ledger/coverage.ts) takes the worst of it. */
function reasonsOf(facts: FeedFacts, holes: readonly Hole[]): Reason[] {
  const { feed, tally, intervals, dayStartMs, dayEndMs, nowMs, coverage } = facts
  const nothing = !tally || tally.lines === 0
  if (nowMs < dayStartMs) return ['not-begun']
  if (nothing && intervals.length === 0) return ['never-read']
  if (nothing && !intervals.some((one) => one.found)) return ['absent']
  const why: Reason[] = []
  const readAfterEnd = intervals.some((one) => one.found && one.toMs >= dayEndMs)
  if (nowMs < dayEndMs) why.push('runs')
  else if (!readAfterEnd) why.push('not-read-after-end')
  if (nothing && feed === 'system') why.push('empty')
  if (feed === 'service' && !facts.provisional && !tally?.readings) why.push('no-counts')
  if (holes.length > 0) why.push('holes')
  if ((tally?.generation ?? 0) > 0) why.push('replaced')
  if (coverage === 'late') why.push('late')
  return why.length > 0 ? why : ['whole']
}

/** While the day runs, only up to the last reading: later nothing could be known. */
function holesIn({ feed, tally, intervals, dayStartMs, dayEndMs, gapMinutes }: FeedFacts): Hole[] {
  if (feed !== 'system' || !tally || tally.lines === 0) return []
  const readMs = Math.max(tally.lastReadMs, ...intervals.map((one) => one.toMs))
  return holesOf(tally.slots, dayStartMs, Math.min(dayEndMs, readMs), gapMinutes * MINUTE_MS)
}

type Tell = (facts: FeedFacts, at: (ms: number) => string, holes: readonly Hole[]) => string

const TOLD: Record<Reason, Tell> = {
  whole: ({ feed, tally }) =>
    feed === 'alarm' && !tally?.lines
      ? 'The file is empty and was read after the day’s end: there were no alarms.'
      : 'All of it arrived: it was read after the day’s end.',
  'never-read': ({ firstDay, day }) =>
    firstDay !== undefined && firstDay > day
      ? `Nobody has read it: the first day of which this feed was read is ${firstDay}.`
      : 'Nobody has read it yet, or no reading succeeded.',
  absent: ({ intervals, nowMs, dayEndMs }, at) =>
    `The site has no such file: it answered so ${span(
      at(intervals[0]!.fromMs),
      at(intervals.at(-1)!.toMs),
    )}.${nowMs < dayEndMs ? ' The day still runs; the file may come.' : ''}`,
  'not-begun': () => 'The day has not begun at the site.',
  runs: () => 'The day still runs, so it cannot be complete yet.',
  'not-read-after-end': ({ intervals, tally }, at) => {
    const found = intervals.findLast((one) => one.found)
    const lastMs = found?.toMs ?? tally?.lastReadMs
    const then = lastMs === undefined ? '' : ` it was last read at ${at(lastMs)}, and`
    return `It was not read after the day’s end:${then} what came later is not known.`
  },
  empty: () => 'The file is empty, and a server that runs writes samples.',
  'no-counts': () => 'The file holds no line of counts that was understood.',
  holes: ({ dayEndMs, gapMinutes }, at, holes) => {
    const told = holes.slice(0, MOST_HOLES).map(({ fromMs, toMs }) => {
      const end = toMs === dayEndMs ? 'the day’s end' : at(toMs)
      return `from ${at(fromMs)} to ${end} (${lengthOf(toMs - fromMs)})`
    })
    const more = holes.length - told.length
    const rest = more > 0 ? [`${more} more times`] : []
    return `Samples are missing ${listed([...told, ...rest])}; ${gapMinutes} min are allowed.`
  },
  replaced: ({ generations, tally, onRewrite }, at) => {
    const later = generations.filter((one) => one.generation > 0)
    const times = later.slice(-MOST_HOLES).map(({ firstReadMs, via }) => {
      return `${at(firstReadMs)}${via === 'backfill' ? ' (read by a backfill)' : ''}`
    })
    const when = times.length > 0 ? ` That was seen at ${listed(times)}.` : ''
    const generation = tally?.generation ?? 0
    const counts =
      onRewrite === 'merge'
        ? 'What came before is kept and counts (onRewrite: merge).'
        : 'Only the newest whole file counts (onRewrite: replace).'
    const replaced = `The site replaced or cut the file ${many(generation, 'time')}`
    return `${replaced}: this is generation ${generation}, counted from 0.${when} ${counts}`
  },
  late: ({ intervals, dayEndMs }, at) => {
    const arrived = intervals.findIndex((one) => one.found && one.toMs >= dayEndMs)
    const absent = intervals.slice(0, arrived).findLast((one) => !one.found)!
    const foundAt = at(intervals[arrived]!.fromMs)
    return `It came late: it was still absent at ${at(absent.toMs)} and found first at ${foundAt}.`
  },
}

function span(from: string, to: string): string {
  return from === to ? `at ${from}` : `from ${from} to ${to}`
}

/** When lines arrived, and what was read last without any. */
function arrivals({ tally, intervals }: FeedFacts, at: (ms: number) => string): string[] {
  const sentences: string[] = []
  const absent = intervals.filter((one) => !one.found)
  const found = intervals.filter((one) => one.found)
  const before = absent.find((one) => found[0] && one.fromMs < found[0].fromMs)
  if (before && found[0]) {
    sentences.push(`It was absent first, at ${at(before.fromMs)}; found at ${at(found[0].fromMs)}.`)
  }
  const gone = absent.findLast((one) => found.some(({ toMs }) => toMs < one.fromMs))
  if (gone && gone === intervals.at(-1)) {
    sentences.push(`It was there and is gone since ${at(gone.fromMs)}; what came is kept.`)
  }
  if (!tally || tally.lines === 0) return sentences
  const { lines, firstReadMs, lastReadMs, newestMs } = tally
  const newest = newestMs === undefined ? '' : `; the newest was recorded at ${at(newestMs)}`
  sentences.push(
    `${many(lines, 'line')} arrived ${span(at(firstReadMs), at(lastReadMs))}${newest}.`,
  )
  const checkedMs = found.at(-1)?.toMs
  if (checkedMs !== undefined && at(checkedMs) !== at(lastReadMs) && checkedMs > lastReadMs) {
    sentences.push(`It was read again up to ${at(checkedMs)} at least and held nothing new.`)
  }
  return sentences
}

function rejects({ tally }: FeedFacts): string[] {
  const sentences: string[] = []
  if (tally?.unknown) {
    const lines = many(tally.unknown, 'line is', 'lines are')
    sentences.push(`${lines} of a type that is unknown here; they are kept.`)
  }
  if (!tally?.rejects) return sentences
  const reasons = Object.entries(tally.reasons).map(
    ([reason, count]) => `${en.words.reject[reason as keyof typeof en.words.reject]} ${count}`,
  )
  const lines = many(tally.rejects, 'line was', 'lines were')
  return [...sentences, `${lines} not understood (${reasons.join(', ')}).`]
}
