import { linesOf, type Served } from './served.ts'

/*
 * What the ledger of a day file must hold, from nothing but the answers that readers got.
 *
 * An answer is *certain* when the pull that read it came to its end: each of its whole lines must
 * then be held, as often as it occurs in it. One whose reader was killed, or whose store failed,
 * promises nothing: it is held wholly or not at all (these files are far smaller than a record).
 * So the ledger must equal the join, line by line the greatest count, of all certain answers and of
 * those uncertain ones that it holds wholly: not one line more, not one less. This is exact. Only
 * which of the uncertain answers were taken is read off the ledger.
 *
 * Where no two readers met and every answer is certain, even order, time and manner of the first
 * reading are known for each row; then the rows must be the same one by one.
 */

export type Counts = Map<string, number>

export function counted(lines: readonly string[]): Counts {
  const counts: Counts = new Map()
  for (const line of lines) counts.set(line, (counts.get(line) ?? 0) + 1)
  return counts
}

export function isWithin(some: Counts, all: Counts): boolean {
  for (const [line, count] of some) if ((all.get(line) ?? 0) < count) return false
  return true
}

function join(all: Counts, more: Counts): void {
  for (const [line, count] of more) all.set(line, Math.max(count, all.get(line) ?? 0))
}

export interface Verdict {
  /** What is wrong, or undefined. */
  wrong?: string
  uncertain: number
}

/** Compares the rows of a file with what its readers got. */
export function judgeRows(rows: readonly string[], answers: readonly Judged[]): Verdict {
  const held = counted(rows)
  const expected: Counts = new Map()
  let uncertain = 0
  for (const { served, certain } of answers) {
    const counts = counted(linesOf(served))
    if (!certain) uncertain += 1
    if (certain || isWithin(counts, held)) join(expected, counts)
  }
  for (const [line, count] of expected) {
    const has = held.get(line) ?? 0
    if (has < count) return { wrong: `lost: ${has} of ${count} times ${shown(line)}`, uncertain }
  }
  for (const [line, count] of held) {
    const most = expected.get(line) ?? 0
    if (count > most) {
      return { wrong: `too often: ${count} instead of ${most} times ${shown(line)}`, uncertain }
    }
  }
  return { uncertain }
}

/** An answer, and whether its lines are promised. */
export interface Judged {
  served: Served
  certain: boolean
}

/** The rows one by one, for answers that came one after the other and are all certain. */
export function expectedRows(answers: readonly Judged[]) {
  const held: Counts = new Map()
  return answers.flatMap(({ served }) => {
    const seen: Counts = new Map()
    return linesOf(served).flatMap((line) => {
      const ordinal = (seen.get(line) ?? 0) + 1
      seen.set(line, ordinal)
      if (ordinal <= (held.get(line) ?? 0)) return []
      held.set(line, ordinal)
      return [{ line, readAtMs: served.readAtMs, purpose: served.worker.purpose }]
    })
  })
}

export function shown(line: string): string {
  return JSON.stringify(line.length > 160 ? `${line.slice(0, 80)}…${line.slice(-70)}` : line)
}
