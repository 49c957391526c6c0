import type { Interval } from '../ledger/observed.ts'
import type { Proof } from '../ledger/record.ts'
import type { Settling } from '../ledger/settling.ts'
import type { Tally } from '../ledger/tally.ts'
import { many } from './moments.ts'

/** What a feed's settling is explained from. */
export interface SettlingFacts {
  settling: Settling
  tally: Tally | undefined
  intervals: readonly Interval[]
  dayStartMs: number
  nowMs: number
  /** True when the day should be archived by now. */
  archiveLate: boolean
}

/** Signs of a digest that tell files apart at a glance; `status --json` has it whole. */
const DIGEST_SIGNS = 12

/** Whether a feed is settled, since when and by what comparison; or why it is not yet. Pure. */
export function settlingSentences(facts: SettlingFacts, at: (ms: number) => string): string[] {
  const { settling, tally, intervals, nowMs, dayStartMs, archiveLate } = facts
  const isKnown = tally !== undefined || intervals.length > 0
  if (nowMs < dayStartMs || !isKnown) return []
  const sentences = [settlingSentence(facts, at)]
  if (archiveLate && tally && settling.state !== 'settled') {
    sentences.push(
      'It should be archived long since. What came is kept until it is: its expiry is put off.',
    )
  }
  return sentences
}

function settlingSentence(facts: SettlingFacts, at: (ms: number) => string): string {
  const { settling, tally } = facts
  switch (settling.state) {
    case 'settled':
      return provedSentence(settling.proof, tally?.tail ?? false, at)
    case 'reopened': {
      const { lastReadMs } = tally!
      const when = lastReadMs > settling.settledMs ? ` at ${at(lastReadMs)}` : ''
      return (
        `It was settled at ${at(settling.settledMs)}, and what came${when} opened it again: ` +
        'it is settled anew within a day.'
      )
    }
    case 'absent':
      return `There was nothing to settle: at ${at(settling.settledMs)} the site had no such file.`
    case 'due':
      return dueSentence(settling.dueMs, facts, at)
  }
}

function provedSentence(
  { readAtMs, compared, bytes, sha256 }: Proof,
  tail: boolean,
  at: (ms: number) => string,
): string {
  const size = `${many(bytes, 'byte')}, SHA-256 ${sha256.slice(0, DIGEST_SIGNS)}…`
  const last = tail ? ' Its last line has no newline, and is counted.' : ''
  const how = compared
    ? `the site’s file was read whole and equals what is archived (${size})`
    : `the site’s file was gone or empty; what had been received is archived (${size})`
  return `Settled at ${at(readAtMs)}: ${how}.${last}`
}

function dueSentence(
  dueMs: number,
  { intervals, nowMs }: SettlingFacts,
  at: (ms: number) => string,
): string {
  if (nowMs < dueMs) return `Not settled yet: that is due at ${at(dueMs)}.`
  const readMs = intervals.at(-1)?.toMs
  const read = readMs === undefined ? '' : ` It was last read at ${at(readMs)}.`
  return (
    `Not settled, which is due since ${at(dueMs)}: nothing has tried since, or the site could ` +
    `not be read.${read} Rounds try it at least once a day; siterounds settle says what fails.`
  )
}
