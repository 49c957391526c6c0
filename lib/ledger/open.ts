import type { Source } from '../fetch/source.ts'
import { BEGINNING_BYTES, refusalOf } from '../parse/no-day-file.ts'
import { Body } from './body.ts'
import { heldBytes } from './generation.ts'
import type { LedgerStore, Place } from './ledger.ts'
import { type DayFile, MARKER_BYTES, markerOf } from './record.ts'

/** A body that stands right behind `place`; `before` are the bytes just before, for the marker. */
export interface Opened {
  body: Body
  place: Place
  before: Uint8Array
}

const NO_BYTES = new Uint8Array()
const NO_MARKER = markerOf(NO_BYTES)

/**
 * Asks for what follows `place`: one request for the marker's bytes and what comes behind them.
 * Undefined when the site has no such file.
 */
export async function openAt(
  source: Source,
  path: string,
  place: Place,
): Promise<Opened | undefined> {
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
  const body = await wholeBody(source, path)
  return body && decide(body, place)
}

/**
 * The same when the overlap is all that the ledger holds of the newest generation: every byte is
 * compared, as settling does. The file goes through the memory piece by piece.
 */
export async function openWhole(
  source: Source,
  path: string,
  store: LedgerStore,
  file: DayFile,
  place: Place,
): Promise<Opened | undefined> {
  const body = await wholeBody(source, path)
  if (!body) return undefined
  let before: Uint8Array = NO_BYTES
  let sameBytes = 0
  for await (const held of heldBytes(store, file, place)) {
    await body.need(held.length)
    const bytes = body.take(held.length)
    if (Buffer.compare(bytes, held) !== 0) {
      // What came before this piece is in the ledger; with it the one body is whole again.
      const same = heldBytes(store, file, { ...place, end: sameBytes })
      return next(new Body(following(same, bytes, body)), place)
    }
    sameBytes += held.length
    before = Buffer.concat([before, bytes]).subarray(-MARKER_BYTES)
  }
  if (place.end === 0) return next(body, place)
  return { body, place, before }
}

async function* following(
  same: AsyncIterable<Uint8Array>,
  bytes: Uint8Array,
  body: Body,
): AsyncGenerator<Uint8Array> {
  try {
    yield* same
    if (bytes.length > 0) yield bytes
    yield* body.rest()
  } finally {
    await body.close()
  }
}

async function wholeBody(source: Source, path: string): Promise<Body | undefined> {
  const answer = await source.read(path, 0)
  // No source says of a whole file that it is shorter: an empty one has an empty body.
  return answer.kind === 'body' ? new Body(answer.chunks) : undefined
}

async function skipTo(body: Body, skipped: number, count: number): Promise<Uint8Array> {
  await body.need(skipped + count)
  body.take(skipped)
  return body.take(count)
}

/** A whole file decides by itself: it continues the newest generation, or begins the next one. */
async function decide(body: Body, place: Place): Promise<Opened> {
  await body.need(Math.max(place.end, 1))
  const from = place.end - place.marker.length
  if (place.end > 0 && isMarker(body.peek().subarray(from, place.end), place)) {
    const before = body.take(place.end).subarray(from)
    return { body, place, before }
  }
  return next(body, place)
}

/** The file from its beginning, as the next generation, unless it is none of a site's day files. */
async function next(body: Body, place: Place): Promise<Opened> {
  await body.fill(BEGINNING_BYTES)
  const refusal = refusalOf(body.peek())
  if (refusal) {
    await body.close()
    throw refusal
  }
  const { closed: _, ...rest } = place
  const generation = place.end > 0 ? place.generation + 1 : place.generation
  const at = { ...rest, generation, end: 0, open: false, marker: NO_MARKER, finished: false }
  return { body, place: at, before: NO_BYTES }
}

function isMarker(bytes: Uint8Array, place: Place): boolean {
  return bytes.length === place.marker.length && markerOf(bytes).sha256 === place.marker.sha256
}
