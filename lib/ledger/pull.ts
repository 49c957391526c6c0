import { RoundsError } from '../errors.ts'
import type { Source } from '../fetch/source.ts'
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
import { type LedgerStore, NOWHERE, type Place, placeOf } from './ledger.ts'
import { type Opened, openAt, openWhole } from './open.ts'
import { type DayFile, MARKER_BYTES, type Via } from './record.ts'
import { lostBelowClose, removeStray, type Stray } from './stray.ts'

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
export const MOST_RACES = 25

const NO_BYTES = new Uint8Array()

/** How much of what the ledger holds is compared with the file: a marker's length, or all of it. */
export type Overlap = 'marker' | 'whole'

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
  overlap: Overlap = 'marker',
): Promise<Pulled> {
  const losses: Lost[] = []
  try {
    return await pullBeside(ports, file, path, via, overlap, losses)
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
  overlap: Overlap,
  losses: Lost[],
): Promise<Pulled> {
  const { store, source } = ports
  const appended: Appended[] = []
  const strays: Stray[] = []
  let before: Place | undefined
  for (let races = 0; races < MOST_RACES; races += 1) {
    const place = await placeOf(store, file)
    before ??= place
    const readAtMs = ports.clock.now()
    const opened = await (overlap === 'marker'
      ? openAt(source, path, place)
      : openWhole(source, path, store, file, place))
    if (!opened) {
      const at = await putAside(store, file, losses, place, appended)
      await removeStrays(store, strays)
      return { found: false, readAtMs, appended, before, place: at, tail: NO_BYTES }
    }
    const writer = await writerAt(store, file, opened.place, place.generation)
    const { tail, lost } = await appendBody(writer, opened, { readAtMs, via })
    const below = await lostBelowClose(store, file, writer.appended)
    strays.push(...below)
    losses.push(...below.map((stray) => ({ ...stray, readAtMs, via })))
    if (lost) losses.push(lost)
    if (below.length === 0) appended.push(...writer.appended)
    if (lost || below.length > 0) continue
    const at = await putAside(store, file, losses, writer.place, appended)
    await removeStrays(store, strays)
    const { fault } = opened.body
    return { found: true, readAtMs, appended, before, place: at, tail, ...(fault && { fault }) }
  }
  throw tooManyWriters()
}

/** The error of one who lost `MOST_RACES` times in a row. */
export function tooManyWriters(): RoundsError {
  return new RoundsError(
    'too-many-writers',
    'retry',
    `Other writers were faster ${MOST_RACES} times in a row.`,
    'See that not more than a few instances share this state.',
  )
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
    return { tail: body.fault ? NO_BYTES : body.peek().slice() }
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
      const { closed: _, ...open } = place
      place = { ...open, sequence: record.sequence, mixed: true, rows: record.rows }
    }
  }
  return place
}

/** Only now, because what they hold stands aside in their place. */
async function removeStrays(store: LedgerStore, strays: readonly Stray[]): Promise<void> {
  for (const stray of strays) await removeStray(store, stray)
}
