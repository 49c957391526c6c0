import { dayFilePath } from '../fetch/day-file-path.ts'
import type { Source } from '../fetch/source.ts'
import type { PlacedSite } from '../ledger/days.ts'
import { type DayFile, isClose, type LedgerRecord } from '../ledger/record.ts'
import type { Fault } from './finding.ts'
import { firstDifference, lineAround } from './verify-difference.ts'
import { bytesOf } from './verify-proof.ts'

/** What a site's file is beside the ledger: `longer` is a file that has grown since. */
export type AtSite = 'same' | 'longer' | 'gone' | 'differs'

/**
 * Reads a site's file once more, whole, and compares it with what the ledger holds of it. Throws
 * what made reading impossible.
 */
export async function compareWithSite(
  source: Source,
  { site }: PlacedSite,
  { feed, day }: DayFile,
  records: readonly LedgerRecord[],
): Promise<{ atSite?: AtSite; fault?: Fault }> {
  const path = site.feeds[feed]?.path
  // A feed that was taken out of the configuration is kept, and read no more.
  if (path === undefined) return {}
  const answer = await source.read(dayFilePath(path, day), 0)
  if (answer.kind === 'absent') return { atSite: 'gone' }
  const chunks: Uint8Array[] = []
  if (answer.kind === 'body') for await (const chunk of answer.chunks) chunks.push(chunk)
  const there = Buffer.concat(chunks)
  // Settling treats a file that was emptied like one that is gone; so must this.
  if (there.length === 0) return { atSite: 'gone' }
  const newest = records.at(-1)
  const tail = newest && isClose(newest) ? newest.tail : new Uint8Array()
  const held = Buffer.concat([bytesOf(records), tail])
  const at = firstDifference(held, there)
  if (at === undefined) return { atSite: 'same' }
  // Of a day that is not closed, what has no newline yet is not held, and more may come.
  if (at === held.length && newest && !isClose(newest)) return { atSite: 'longer' }
  return { atSite: 'differs', fault: faultAt(held, there, at) }
}

function faultAt(held: Buffer, there: Buffer, at: number): Fault {
  let line = 1
  for (const byte of held.subarray(0, at)) if (byte === NEWLINE) line += 1
  const hint = 'siterounds settle --day reads the file again and keeps both.'
  const about = {
    code: 'site-differs',
    side: 'site' as const,
    lines: { from: line, to: line },
    hint,
  }
  if (at === there.length) {
    return { ...about, message: `The file at the site ends before line ${line}.` }
  }
  const text = lineAround(there, at)
  if (at === held.length) {
    return { ...about, text, message: `The file at the site goes on with line ${line}: “${text}”.` }
  }
  const expected = lineAround(held, at)
  const message = `Line ${line} of the file at the site reads “${text}”, not “${expected}”.`
  return { ...about, text, expected, message }
}

const NEWLINE = 10
