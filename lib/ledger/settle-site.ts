import { asRoundsError } from '../errors.ts'
import type { Day, Feed } from '../site.ts'
import { DOWN, type FileFailure, MOST_TAIL_BYTES } from './collect-day.ts'
import type { PlacedSite } from './days.ts'
import type { Reading } from './observed.ts'
import type { PullPorts } from './pull.ts'
import type { CloseRecord, DayFile } from './record.ts'
import { type FileSettled, settleFile } from './settle.ts'
import type { SettleDue } from './settle-due.ts'

/** A day file that was settled: what its close record says, and whether it stood there before. */
export interface Closed extends DayFile {
  close: CloseRecord
  unchanged: boolean
  /** Lines that this reading brought. */
  added: number
}

/** What came of settling days of one site. */
export interface SiteSettled {
  closed: Closed[]
  failures: FileFailure[]
  /** Of each day: what is to be observed once all that it brought is computed. */
  readings: Map<Day, Reading[]>
  /** The last sequence of each day's alarm ledger. */
  newestAlarms: Map<Day, number>
}

/**
 * Settles these days of a site, file by file. One file's failure does not keep the others, but a
 * site that does not answer is left until the next time. Only an error of class `stop` is thrown.
 */
export async function settleSiteDays(
  ports: PullPorts,
  placed: PlacedSite,
  due: readonly SettleDue[],
): Promise<SiteSettled> {
  const all: SiteSettled = {
    closed: [],
    failures: [],
    readings: new Map(),
    newestAlarms: new Map(),
  }
  for (const { day, feeds, observed } of due) {
    for (const feed of feeds) {
      const file = { site: placed.site.id, feed, day }
      try {
        const settled = await settleFile(ports, placed, file, observed?.via ?? 'backfill')
        take(all, file, feed, settled)
      } catch (thrown) {
        const error = asRoundsError(thrown)
        if (error.class === 'stop') throw error
        all.failures.push({ ...file, error })
        if (DOWN.has(error.code)) return all
      }
    }
  }
  return all
}

function take(all: SiteSettled, file: DayFile, feed: Feed, settled: FileSettled): void {
  const { close, unchanged, added, readAtMs, found, sequence } = settled
  if (close) all.closed.push({ ...file, close, unchanged, added })
  if (feed === 'alarm' && sequence > 0) all.newestAlarms.set(file.day, sequence)
  const tail = close?.tail.subarray(0, MOST_TAIL_BYTES) ?? new Uint8Array()
  const reading = { feed, atMs: readAtMs, found, tail, settled: true }
  all.readings.set(file.day, [...(all.readings.get(file.day) ?? []), reading])
}
