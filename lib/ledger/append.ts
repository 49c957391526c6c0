import { charsetOf, endsOpen, unitsOf } from '../parse/lines.ts'
import { countsIn, heldBy } from './held.ts'
import {
  createRecord,
  type LedgerStore,
  type Place,
  placeAfter,
  placeOf,
  segmentsUpTo,
} from './ledger.ts'
import { type DayFile, markerOf, type SegmentRecord, type Via } from './record.ts'
import { type Memory, type Run, remember, segmentOf, unheld } from './segment.ts'

/** One writer's way through one generation; `place` moves on with every record created. */
export interface Writer {
  store: LedgerStore
  file: DayFile
  place: Place
  /** What the day holds, when it is of several generations. */
  memory: Memory | undefined
  /** What it has created so far, without the bodies: a file may be larger than the memory. */
  appended: Appended[]
}

/** A record that was created, for those who report or fold it. */
export type Appended = Pick<
  SegmentRecord,
  'sequence' | 'generation' | 'start' | 'end' | 'lines' | 'aside'
>

/** Whether what follows a run of whole units (at least one) goes on with a line over 64 KiB. */
export function openAfter(run: Uint8Array, open: boolean): boolean {
  return endsOpen(run, unitsOf(run, open).at(-1)!)
}

/**
 * A writer that appends at `place`. Only when the day is, or becomes, of several generations must
 * it know what the day holds: that costs a reading of the whole day.
 */
export async function writerAt(
  store: LedgerStore,
  file: DayFile,
  place: Place,
  newestGeneration: number,
): Promise<Writer> {
  const mixed = place.mixed || place.generation !== newestGeneration
  const memory = mixed ? await memoryOf(store, file, place) : undefined
  return { store, file, place, memory, appended: [] }
}

/** What the day holds up to `place`, and how much of it the generation of `place`. */
export async function memoryOf(
  store: LedgerStore,
  file: DayFile,
  place: Pick<Place, 'sequence' | 'generation'>,
): Promise<Memory> {
  const records = await segmentsUpTo(store, file, place.sequence)
  const held = heldBy(records)
  return { held, counts: countsIn(held, records, place.generation, place.sequence) }
}

/**
 * Appends a run of whole units, in several records when it is too large for one. `last` says that
 * the read was complete and ended behind it. False when another writer was faster: what was
 * created before then is in `writer.appended`, and `writer.place` stands behind it.
 */
export async function appendRun(writer: Writer, run: Run, last: boolean): Promise<boolean> {
  const { place } = writer
  const record = segmentOf(place, run, writer.memory)
  if (!record) {
    const [first, second] = halves(run, place.open)
    return (await appendRun(writer, first, false)) && (await appendRun(writer, second, last))
  }
  if (last) record.until = record.end
  if (!(await createRecord(writer.store, writer.file, record))) return false
  if (writer.memory) remember(writer.memory, record, run, place.open)
  moveBehind(writer, record)
  return true
}

/** Two runs of about the same number of units; a single unit always fits into a record. */
function halves(run: Run, open: boolean): [Run, Run] {
  const units = unitsOf(run.bytes, open)
  const middle = units[Math.floor(units.length / 2)]!.start
  const first = run.bytes.subarray(0, middle)
  return [
    { ...run, bytes: first },
    { ...run, bytes: run.bytes.subarray(middle), before: Buffer.concat([run.before, first]) },
  ]
}

/**
 * A poll that found the file ending where a generation ends that no read has finished yet appends
 * an empty record that finishes it. False when another writer was faster.
 */
export async function finish(
  writer: Writer,
  read: { readAtMs: number; via: Via },
): Promise<boolean> {
  const { place } = writer
  if (place.finished || place.end === 0) return true
  const record: SegmentRecord = {
    ...emptyRecord(place, read),
    marker: place.marker,
    until: place.end,
    open: place.open,
    mixed: writer.memory !== undefined,
  }
  if (!(await createRecord(writer.store, writer.file, record))) return false
  moveBehind(writer, record)
  return true
}

function moveBehind(writer: Writer, record: SegmentRecord): void {
  const { sequence, generation, start, end, lines, aside } = record
  writer.place = placeAfter(record)
  writer.appended.push({ sequence, generation, start, end, lines, aside })
}

function emptyRecord(place: Place, read: { readAtMs: number; via: Via }): SegmentRecord {
  return {
    sequence: place.sequence + 1,
    generation: place.generation,
    start: place.end,
    end: place.end,
    open: false,
    readAtMs: Math.max(read.readAtMs, place.readAtMs),
    via: read.via,
    marker: markerOf(new Uint8Array()),
    aside: false,
    mixed: true,
    charset: place.charset,
    lines: 0,
    rows: place.rows,
    pieces: [],
    body: new Uint8Array(),
  }
}

/** What a losing writer had read behind `place`. */
export interface Lost {
  place: Place
  bytes: Uint8Array
  readAtMs: number
  via: Via
}

/**
 * Appends the rows of a lost answer that the ledger lacks, as records aside, and gives these back.
 * A loss here only means that others have appended meanwhile: it looks again. So it does after
 * each record, because not all may fit into one.
 */
export async function appendAside(
  store: LedgerStore,
  file: DayFile,
  lost: Lost,
): Promise<SegmentRecord[]> {
  const appended: SegmentRecord[] = []
  for (;;) {
    const place = await placeOf(store, file)
    const records = await segmentsUpTo(store, file, place.sequence)
    const held = heldBy(records)
    const counts = countsIn(held, records, lost.place.generation, lost.place.sequence)
    const { pieces, body, lines } = unheld(lost.bytes, lost.place.open, { held, counts })
    if (body.length === 0) return appended
    const record: SegmentRecord = {
      ...emptyRecord(place, lost),
      generation: lost.place.generation,
      start: lost.place.end,
      end: lost.place.end + lost.bytes.length,
      aside: true,
      charset: charsetOf(lost.bytes, lost.place.open, place.charset),
      lines,
      rows: place.rows + lines,
      pieces,
      body,
    }
    if (await createRecord(store, file, record)) appended.push(record)
  }
}
