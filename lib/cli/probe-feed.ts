import { asRoundsError, type RoundsError } from '../errors.ts'
import { beginningOf, endingOf } from '../fetch/beginning.ts'
import { dayFilePath } from '../fetch/day-file-path.ts'
import type { Source } from '../fetch/source.ts'
import type { LineCounts } from '../ledger/coverage.ts'
import { readerOf } from '../ledger/rows.ts'
import type {
  Parsed,
  ReadingOf,
  Reject,
  RejectReason,
  Stamp,
  SystemReading,
} from '../parse/feeds.ts'
import { siteIdsIn } from '../parse/guess.ts'
import { unitsOf, wholeLength } from '../parse/lines.ts'
import { refusalOf } from '../parse/no-day-file.ts'
import { type Reader, readLines } from '../parse/readings.ts'
import type { Day, Feed, Site } from '../site.ts'
import type { Zone } from '../time.ts'

/** The most that is read of the beginning of a file, in bytes: some 700 lines. */
const BEGINNING_BYTES = 64 * 1024

/** The most that is read of its end, for the newest record time: some 150 lines. */
const ENDING_BYTES = 16 * 1024

/** Lines that are shown as they would be read. */
const FIRST_LINES = 3

/** One line as it would be read. */
export type FirstLine =
  | { kind: 'reading'; fields: [name: string, value: string][] }
  | { kind: 'reject'; reject: Reject }
  | { kind: 'unknown' | 'blank' }

/** What was found of a feed whose file is there. */
export interface FoundFeed {
  day: Day
  bytes: number
  /** The size of the file; undefined when the server does not let it be found out. */
  sizeBytes: number | undefined
  whole: boolean
  charset: string
  lineEnds: 'LF' | 'CRLF' | 'mixed' | 'none'
  /** True when the last line has no newline yet; it was read all the same. */
  unfinished: boolean
  counts: LineCounts
  reasons: Partial<Record<RejectReason, number>>
  first: FirstLine[]
  /** Ids in the lines that read well but for their id, and how many lines have each. */
  siteIds: Map<string, number>
  newestText: string | undefined
  /** Readings of the system feed, sizes as bytes. */
  sizes: SystemReading[]
}

/** What came of looking for one feed. */
export interface ProbedFeed {
  feed: Feed
  path: string
  /** Days on which the file was absent, newest first. */
  absent: Day[]
  found?: FoundFeed
  error?: RoundsError
}

/** Looks for a feed on `days`, the newest first, and reads the first file that is there. */
export async function probeFeed(
  source: Source,
  site: Site,
  feed: Feed,
  days: readonly Day[],
  zone: Zone,
  isNew: boolean,
): Promise<ProbedFeed> {
  const absent: Day[] = []
  const path = site.feeds[feed]!.path
  try {
    for (const day of days) {
      const file = dayFilePath(path, day)
      const beginning = await beginningOf(source, file, BEGINNING_BYTES)
      if (!beginning) {
        absent.push(day)
        continue
      }
      const refusal = refusalOf(beginning.bytes)
      if (refusal) throw refusal
      const read = readBeginning(site, feed, beginning.bytes, beginning.whole, zone, isNew)
      // The end serves a guess only: a server that fails to give it is no failure of the feed.
      const ending = beginning.whole
        ? undefined
        : await endingOf(source, file, BEGINNING_BYTES, ENDING_BYTES).catch(() => undefined)
      const newestText = ending ? newestOf(site, feed, afterNewline(ending.bytes), zone) : undefined
      const sizeBytes = beginning.whole ? beginning.bytes.length : ending?.sizeBytes
      const newest = newestText ?? (beginning.whole ? read.newestText : undefined)
      return { feed, path: file, absent, found: { ...read, day, sizeBytes, newestText: newest } }
    }
    return { feed, path, absent }
  } catch (thrown) {
    return { feed, path, absent, error: asRoundsError(thrown) }
  }
}

type Read = Omit<FoundFeed, 'day' | 'sizeBytes'>

/** The lines of a file's beginning; a piece of a line at its end counts only if the file ends. */
function readBeginning(
  site: Site,
  feed: Feed,
  given: Uint8Array,
  whole: boolean,
  zone: Zone,
  isNew: boolean,
): Read {
  const unfinished = whole && wholeLength(given, false) < given.length
  const bytes = unfinished ? Buffer.concat([given, Buffer.from('\n')]) : given
  const siteIds = siteIdsIn(feed, bytes, readerOf(site, zone))
  // A new site has no id yet: it may write what it writes.
  const own = isNew && siteIds.size > 0 ? { ...site, siteIds: [...siteIds.keys()] } : site
  const reader = readerOf(own, zone)
  const parsed = readLines(feed, bytes, false, reader)
  const reasons: Read['reasons'] = {}
  for (const { reason } of parsed.rejects) reasons[reason] = (reasons[reason] ?? 0) + 1
  const asBytes = { ...own, siteIds: [...siteIds.keys()], units: 'bytes' as const }
  return {
    bytes: given.length,
    whole,
    charset: charsetName(given, reader),
    lineEnds: lineEndsOf(given),
    unfinished,
    counts: { ...parsed, readings: parsed.readings.length, rejects: parsed.rejects.length },
    reasons,
    first: firstLines(feed, bytes, readerOf(own, zone)),
    siteIds,
    newestText: newestOf(site, feed, bytes, zone),
    sizes: feed === 'system' ? sizesIn(bytes, readerOf(asBytes, zone)) : [],
  }
}

function sizesIn(bytes: Uint8Array, reader: Reader): SystemReading[] {
  return readLines('system', bytes, false, reader).readings
}

function charsetName(bytes: Uint8Array, reader: Reader): string {
  const bom = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf
  if (bom) return 'UTF-8 with BOM'
  if (reader.charset === undefined) return 'ASCII'
  return reader.charset === 'gb18030' ? 'GB18030' : 'UTF-8'
}

function lineEndsOf(bytes: Uint8Array): FoundFeed['lineEnds'] {
  const text = Buffer.from(bytes).toString('latin1')
  const all = text.split('\n').length - 1
  const withReturn = text.split('\r\n').length - 1
  if (all === 0) return 'none'
  if (withReturn === 0) return 'LF'
  return withReturn === all ? 'CRLF' : 'mixed'
}

function firstLines(feed: Feed, bytes: Uint8Array, reader: Reader): FirstLine[] {
  const lines = unitsOf(bytes, false).slice(0, FIRST_LINES)
  return lines.map(({ start, end }) =>
    asRead(readLines(feed, bytes.subarray(start, end), false, reader)),
  )
}

function asRead({ readings, rejects, unknown }: Parsed<Feed>): FirstLine {
  if (readings[0]) return { kind: 'reading', fields: fieldsOf(readings[0]) }
  if (rejects[0]) return { kind: 'reject', reject: rejects[0] }
  return { kind: unknown > 0 ? 'unknown' : 'blank' }
}

/** The fields of a reading by name, times as the site wrote them. */
function fieldsOf(reading: ReadingOf[Feed]): [string, string][] {
  const { recorded, ...more } = reading
  const { type, ...rest } = more as { type?: string }
  return Object.entries({ ...(type && { type }), ...rest, recorded }).map(([name, value]) => [
    name,
    typeof value === 'object' ? (value as Stamp).text : String(value),
  ])
}

/** The newest record time, as the site wrote it: such texts are ordered as their times are. */
function newestOf(site: Site, feed: Feed, bytes: Uint8Array, zone: Zone): string | undefined {
  const ids = [...siteIdsIn(feed, bytes, readerOf(site, zone)).keys()]
  const { readings } = readLines(feed, bytes, false, readerOf({ ...site, siteIds: ids }, zone))
  const texts = readings.map(({ recorded }) => recorded.text)
  return texts.reduce<string | undefined>((max, one) => (max && max > one ? max : one), undefined)
}

/** Without the piece of a line that a place in the middle of a file begins with. */
function afterNewline(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(bytes.indexOf(10) + 1)
}
