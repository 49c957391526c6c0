import { DatabaseSync } from 'node:sqlite'
import {
  decodeRecord,
  isClose,
  type LedgerRecord,
  type SegmentRecord,
} from '../../lib/ledger/record.ts'
import { ledgerPartition } from '../../lib/store/keys.ts'
import type { Item } from '../../lib/store/table.ts'
import { type Counts, generations, storedCounts, wholeUnits } from '../ledger/oracle.ts'
import type { KnownFile } from './day-file.ts'

/** What counting a ledger came to, in rows. */
export interface Counted {
  rows: number
  lost: number
  doubled: number
  /** What is wrong, a sentence each. */
  wrong: string[]
}

/** The rows that a day file has in the ledger. */
export interface Stored {
  known: KnownFile
  counts: Counts
  /** Whole lines of the newest generation, in order. */
  newest: string[]
  /** The unfinished last line, while the day is closed: it counts then. None or one. */
  tail: string[]
  /** True when an older generation holds that line as a whole one. */
  tailHeld: boolean
}

/** Looks at a state with nothing but SQLite: what its ledgers hold of these files. */
export function lookAt(stateFile: string, files: Iterable<KnownFile>) {
  const database = new DatabaseSync(stateFile)
  try {
    const { integrity_check: integrity } = database.prepare('PRAGMA integrity_check').get()!
    const list = database.prepare('SELECT * FROM items WHERE partition = ? ORDER BY sort')
    const stored: Stored[] = []
    for (const known of files) {
      const { site, feed, day } = known.file
      const records = list.all(ledgerPartition(site, feed, day)).map(recordOf)
      const segments = records.filter(isSegment)
      const bytesOf = generations(segments)
      const last = records.at(-1)
      const close = last && isClose(last) ? last : undefined
      // A file that is one unfinished line is a generation that has a close record alone.
      const newest = bytesOf.get(close?.generation ?? Math.max(...bytesOf.keys()))
      const lines = newest ? wholeUnits(newest) : []
      const tail = close?.tail.length ? [` ${Buffer.from(close.tail).toString('latin1')}\n`] : []
      const counts = storedCounts(segments)
      stored.push({ known, counts, newest: lines, tail, tailHeld: close?.tailHeld ?? false })
    }
    return { integrity: String(integrity), stored }
  } finally {
    database.close()
  }
}

/** The record that a row of the table holds. */
function recordOf(row: Record<string, unknown>): LedgerRecord {
  const { partition, sort, version, bytes } = row
  const data = JSON.parse(row.data as string)
  return decodeRecord({ partition, sort, version, data, ...(bytes ? { bytes } : {}) } as Item)
}

function isSegment(record: LedgerRecord): record is SegmentRecord {
  return !isClose(record)
}

/** Counts every line: none may be lost, none doubled, and the newest generation is the file. */
export function count(stored: readonly Stored[]): Counted {
  const counted: Counted = { rows: 0, lost: 0, doubled: 0, wrong: [] }
  for (const { known, counts, newest } of stored) {
    const name = Object.values(known.file).join(' ')
    for (const [line, times] of counts) {
      const doubled = times - (known.most.get(line) ?? 0)
      counted.rows += times
      if (doubled <= 0) continue
      counted.doubled += doubled
      counted.wrong.push(`${name}: ${doubled} times too often ${JSON.stringify(line)}`)
    }
    for (const [line, times] of known.least) {
      const lost = times - (counts.get(line) ?? 0)
      if (lost <= 0) continue
      counted.lost += lost
      counted.wrong.push(`${name}: lost ${lost} times ${JSON.stringify(line)}`)
    }
    const whole = wholeUnits(known.content)
    if (whole.length > 0 && whole.join('') !== newest.join('')) {
      counted.wrong.push(`${name}: the newest generation is not what stands in the file`)
    }
  }
  return counted
}

/** How many rows count of a file, under merge or under replace. No line here is over 64 KiB. */
export function rowsThatCount({ counts, newest, ...one }: Stored, replaces: boolean): number {
  if (replaces) return newest.length + one.tail.length
  const tails = one.tailHeld ? 0 : one.tail.length
  return [...counts.values()].reduce((sum, times) => sum + times, tails)
}

/** The lines that count of a file, each once or more often. */
export function linesThatCount({ counts, newest, tail }: Stored, replaces: boolean): string[] {
  return [...(replaces ? newest : counts.keys()), ...tail]
}

const STAMP = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/

/**
 * The names of a site's alarms that stand, by its lines alone: those that were seen to stand after
 * every recovery. Its clock is never wrong here, and so no clock of ours may matter.
 */
export function standing(site: string, lines: Iterable<string>): Set<string> {
  const newest = new Map<string, { recorded: string; recovered: boolean }>()
  for (const line of lines) {
    const fields = line
      .slice(1)
      .replace(/\r?\n$/, '')
      .split('|')
    const [id, name, , , raised = '', recoveredAt = '', recorded = ''] = fields
    if (fields.length !== 7 || id !== site || !name || !STAMP.test(raised)) continue
    if (!STAMP.test(recorded) || (recoveredAt !== '' && !STAMP.test(recoveredAt))) continue
    const key = `${name} ${raised}`
    const before = newest.get(key)
    const recovered = recoveredAt !== ''
    const isNewer = !before || recorded > before.recorded
    if (isNewer || (recorded === before.recorded && recovered)) {
      newest.set(key, { recorded, recovered })
    }
  }
  const open = [...newest].filter(([, { recovered }]) => !recovered)
  return new Set(open.map(([key]) => key.split(' ')[0]!))
}
