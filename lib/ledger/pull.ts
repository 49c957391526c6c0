import { RoundsError } from '../errors.ts'
import type { Source } from '../fetch/source.ts'
import { BEGINNING_BYTES, refusalOf } from '../parse/no-day-file.ts'
import type { Clock } from '../time.ts'
import {
  type Appended,
  appendAside,
  appendRun,
  finish,
  type Lost,
  openAfter,
  type Writer,
  writerAt,
} from './append.ts'
import { Body } from './body.ts'
import { type LedgerStore, NOWHERE, type Place, placeOf } from './ledger.ts'
import { type DayFile, MARKER_BYTES, markerOf, type Via } from './record.ts'

/** What a pull may use. */
export interface PullPorts {
  store: LedgerStore
  source: Source
  clock: Clock
}

/** What one pull of a day file found and did. */
export interface Pulled {
  /** False when the site answered that it has no such file. */
  found: boolean
  /** When the answer that was used began, in epoch milliseconds. */
  readAtMs: number
  /** The records that this pull created, in order. */
  appended: Appended[]
  /** Where the ledger ended before this pull, and where it ends now. */
  before: Place
  place: Place
  /** The unfinished last line, as bytes; empty when the file ends with a newline. */
  tail: Uint8Array
  /** Set when the body broke off: what had come by then is appended all the same. */
  fault?: RoundsError
}

/** Losing against other writers so often in a row is no race any more. */
const MOST_RACES = 25

/** Of an unfinished last line, so much is shown at most: no such line of a feed is longer. */
const MOST_TAIL_BYTES = 4096

const NO_BYTES = new Uint8Array()
const NO_MARKER = markerOf(NO_BYTES)

/**
 * Appends to the ledger what a day file holds beyond it (DESIGN section 3, rules 1 to 4).
 * One request asks for the marker's bytes and what follows; only when they differ is the whole
 * file read. A writer that loses a race begins again with ledger and site, and at last puts aside
 * what its earlier answers held and the ledger lacks. Throws what made reading impossible.
 */
export async function pull(
  ports: PullPorts,
  file: DayFile,
  path: string,
  via: Via,
): Promise<Pulled> {
  const losses: Lost[] = []
  try {
    return await pullBeside(ports, file, path, via, losses)
  } catch (thrown) {
    // The site may never show again what the lost answers held: it is kept before giving up.
    await putAside(ports.store, file, losses, NOWHERE, [])
    throw thrown
  }
}

/** Pulls until no other writer was faster; what its lost answers held is in `losses`. */
async function pullBeside(
  ports: PullPorts,
  file: DayFile,
  path: string,
  via: Via,
  losses: Lost[],
): Promise<Pulled> {
  const appended: Appended[] = []
  let before: Place | undefined
  for (let races = 0; races < MOST_RACES; races += 1) {
    const place = await placeOf(ports.store, file)
    before ??= place
    const readAtMs = ports.clock.now()
    const opened = await openAt(ports.source, path, place)
    if (!opened) {
      const at = await putAside(ports.store, file, losses, place, appended)
      return { found: false, readAtMs, appended, before, place: at, tail: NO_BYTES }
    }
    const writer = await writerAt(ports.store, file, opened.place, place.generation)
    const { tail, lost } = await appendBody(writer, opened, { readAtMs, via })
    appended.push(...writer.appended)
    if (lost) {
      losses.push(lost)
      continue
    }
    const at = await putAside(ports.store, file, losses, writer.place, appended)
    const { fault } = opened.body
    return { found: true, readAtMs, appended, before, place: at, tail, ...(fault && { fault }) }
  }
  throw new RoundsError(
    'too-many-writers',
    'retry',
    `Other writers were faster ${MOST_RACES} times in a row.`,
    'See that not more than a few instances share this state.',
  )
}

/** A body that stands right behind `place`; `tail` are the bytes just before, for the marker. */
interface Opened {
  body: Body
  place: Place
  before: Uint8Array
}

/** Asks for what follows `place`; undefined when the site has no such file. */
async function openAt(source: Source, path: string, place: Place): Promise<Opened | undefined> {
  const from = place.end - place.marker.length
  if (from > 0) {
    // Some servers say 404 to a range that they do not have; the plain reading below decides.
    const answer = await source.read(path, from)
    if (answer.kind === 'body') {
      const body = new Body(answer.chunks)
      if (answer.start === 0) return decide(body, place)
      const overlap = await skipTo(body, from - answer.start, place.marker.length)
      if (isMarker(overlap, place)) return { body, place, before: overlap }
      await body.close()
    }
  }
  const answer = await source.read(path, 0)
  if (answer.kind === 'absent') return undefined
  const body = new Body(answer.kind === 'body' ? answer.chunks : nothing())
  return decide(body, place)
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

async function skipTo(body: Body, skipped: number, count: number): Promise<Uint8Array> {
  await body.need(skipped + count)
  body.take(skipped)
  return body.take(count)
}

/** A whole file decides by itself: it continues the newest generation, or begins the next one. */
async function decide(body: Body, place: Place): Promise<Opened> {
  await body.need(Math.max(place.end, 1))
  await body.fill(BEGINNING_BYTES)
  const beginning = body.peek()
  const from = place.end - place.marker.length
  if (place.sequence > 0 && isMarker(beginning.subarray(from, place.end), place)) {
    const before = body.take(place.end).subarray(from)
    return { body, place, before }
  }
  const refusal = refusalOf(beginning)
  if (refusal) {
    await body.close()
    throw refusal
  }
  const generation = place.end > 0 ? place.generation + 1 : place.generation
  const next = {
    ...place,
    generation,
    end: 0,
    open: false,
    marker: NO_MARKER,
  }
  return { body, place: { ...next, finished: false }, before: NO_BYTES }
}

function isMarker(bytes: Uint8Array, place: Place): boolean {
  return bytes.length === place.marker.length && markerOf(bytes).sha256 === place.marker.sha256
}

/** Appends run after run until the body ends, breaks off, or another writer is faster. */
async function appendBody(
  writer: Writer,
  { body, before }: Opened,
  read: { readAtMs: number; via: Via },
): Promise<{ tail: Uint8Array; lost?: Lost }> {
  try {
    let run = await body.nextRun(writer.place.open)
    while (run.length > 0) {
      const { place } = writer
      // One run is read ahead, so that the last one can say that the read ended there.
      const next = await body.nextRun(openAfter(run, place.open))
      const last = next.length === 0 && body.ended
      if (!(await appendRun(writer, { bytes: run, before, ...read }, last))) {
        const bytes = Buffer.concat([run.subarray(writer.place.end - place.end), next])
        return { tail: NO_BYTES, lost: { place: writer.place, bytes, ...read } }
      }
      before = Buffer.concat([before, run.subarray(-MARKER_BYTES)]).subarray(-MARKER_BYTES)
      run = next
    }
    if (body.ended && !(await finish(writer, read))) {
      return { tail: NO_BYTES, lost: { place: writer.place, bytes: NO_BYTES, ...read } }
    }
    return { tail: body.fault ? NO_BYTES : body.peek().slice(0, MOST_TAIL_BYTES) }
  } finally {
    await body.close()
  }
}

/** Appends, as records aside, what lost answers held and the ledger lacks. */
async function putAside(
  store: LedgerStore,
  file: DayFile,
  losses: Lost[],
  place: Place,
  appended: Appended[],
): Promise<Place> {
  for (const loss of losses) {
    if (loss.bytes.length === 0) continue
    for (const record of await appendAside(store, file, loss)) {
      appended.push(record)
      place = { ...place, sequence: record.sequence, mixed: true, rows: record.rows }
    }
  }
  return place
}
