import { createHash } from 'node:crypto'
import type { Feed } from '../site.ts'
import { memoryOf } from './append.ts'
import { LINE_COUNTS, type LineCounts } from './coverage.ts'
import type { PlacedSite } from './days.ts'
import { heldBytes } from './generation.ts'
import { unitKeys } from './held.ts'
import type { LedgerStore, Place } from './ledger.ts'
import type { Pulled } from './pull.ts'
import type { CloseRecord, DayFile, Proof } from './record.ts'
import { readerOf, readTail } from './rows.ts'
import { emptyTally, type Tally } from './tally.ts'

/** What settling found: the ledger's end, the tally there, and the reading that ended there. */
export interface Found {
  place: Place
  tally: Tally
  pulled: Pulled
}

/** What a close record says of its file. */
export interface Proved {
  /** The end of the generation that the file is. */
  at: Place
  proof: Proof
  tail: Pick<CloseRecord, 'tail' | 'tailHeld'>
}

/** Whether the site has cut a file to nothing of which the ledger holds lines. */
export function isEmptied(before: Place, { place, tail }: Pulled): boolean {
  return before.end > 0 && place.end === 0 && tail.length === 0
}

/** The proof of a day file from a whole reading of it and what the ledger holds. */
export async function provedAt(
  store: LedgerStore,
  placed: PlacedSite,
  file: DayFile,
  { place, tally, pulled }: Found,
): Promise<Proved> {
  // A file that is empty or gone proves nothing about what came before.
  const compared = pulled.found && !isEmptied(place, pulled)
  const begins = compared && pulled.place.generation > place.generation
  const at = begins ? beginningOf(place, pulled.place) : place
  const bytes = compared ? pulled.tail : new Uint8Array()
  const tail = await tailOf(store, file, at, bytes)
  // Under `replace` only the file itself counts, and of this one the ledger has no whole line.
  const isTail = compared && at.end === 0 && placed.site.onRewrite === 'replace'
  const before = isTail ? { tally: emptyTally() } : { tally, until: place.closed }
  const proof = {
    readAtMs: Math.max(pulled.readAtMs, place.readAtMs),
    compared,
    generation: at.generation,
    ...(await contentOf(store, file, at, bytes)),
    ...counted(placed, file.feed, before, { ...at, ...tail }),
  }
  return { at, proof, tail }
}

/** A file that now is one unfinished line is a generation of which the ledger holds nothing yet. */
function beginningOf(place: Place, { generation, end, open, marker }: Place): Place {
  return { ...place, generation, end, open, marker, mixed: true }
}

/** The unfinished line, and whether an older generation holds it as a whole one. */
async function tailOf(
  store: LedgerStore,
  file: DayFile,
  place: Place,
  tail: Uint8Array,
): Promise<Proved['tail']> {
  if (tail.length === 0 || !place.mixed || place.open) return { tail }
  const { held, counts } = await memoryOf(store, file, place)
  const [key] = unitKeys(Buffer.concat([tail, Buffer.from('\n')]), false) as [string]
  const isHeld = (held.places.get(key)?.length ?? 0) > (counts.get(key) ?? 0)
  return isHeld ? { tail, tailHeld: true } : { tail }
}

/** Size and digest of the newest generation with its unfinished last line: those of the file. */
async function contentOf(store: LedgerStore, file: DayFile, place: Place, tail: Uint8Array) {
  const hash = createHash('sha256')
  for await (const bytes of heldBytes(store, file, place)) hash.update(bytes)
  return { bytes: place.end + tail.length, sha256: hash.update(tail).digest('hex') }
}

/** An unfinished line, and what it is read with. */
type Tail = Pick<CloseRecord, 'tail' | 'tailHeld' | 'open' | 'charset'>

/** The day's counts with this tail; those of a tail that counted until now are taken out. */
function counted(
  { site, zone }: PlacedSite,
  feed: Feed,
  { tally, until }: { tally: Tally; until?: Tail | undefined },
  now: Tail,
): LineCounts {
  const counts = { lines: 0, readings: 0, rejects: 0, unknown: 0, blank: 0 }
  for (const count of LINE_COUNTS) counts[count] = tally[count]
  const add = ({ tail, tailHeld, open, charset }: Tail, sign: 1 | -1) => {
    if (tailHeld && site.onRewrite === 'merge') return
    const parsed = readTail(feed, tail, open, { ...readerOf(site, zone), charset })
    counts.lines += sign * parsed.lines
    counts.readings += sign * parsed.readings.length
    counts.rejects += sign * parsed.rejects.length
    counts.unknown += sign * parsed.unknown
    counts.blank += sign * parsed.blank
  }
  if (until) add(until, -1)
  add(now, 1)
  return counts
}
