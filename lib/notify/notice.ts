import { createHash } from 'node:crypto'
import type { OpenAlarm } from '../alarms/alarm.ts'
import { occurrenceKey } from '../alarms/occurrence.ts'
import { RoundsError } from '../errors.ts'
import type { Item } from '../store/table.ts'
import { MINUTE_MS } from '../time.ts'

/**
 * The notice: what one recipient was mailed about one group, which is a site. It is the proof that
 * a mail went out, and the place where a worker claims the next one.
 */
export interface Notice {
  format: 1
  /** For each occurrence that was mailed: when, in epoch milliseconds. */
  mailed: Record<string, number>
  /** The number of the last mail of which the end is known; 0 before the first. */
  sequence: number
  claim?: Claim
}

/** A send under way, or one whose end nobody knows when the lease is over. */
export interface Claim {
  /** Names the worker. */
  token: string
  /** Until then no other worker sends: epoch milliseconds. */
  untilMs: number
  /** The occurrences in that mail. */
  keys: string[]
  /** The number of that mail; part of its Message-ID. */
  sequence: number
}

/** How long a worker may take to send: longer than any mailer takes (lib/mail/smtp.ts). */
export const LEASE_MS = 2 * MINUTE_MS

/**
 * Whether a claim keeps others from sending. One that reaches far beyond any lease was made by a
 * clock that was ahead: it must not keep mails back until that time comes.
 */
export function isHeld({ untilMs }: Claim, nowMs: number): boolean {
  return untilMs > nowMs && untilMs <= nowMs + 2 * LEASE_MS
}

/**
 * Occurrences that one notice remembers, some 36 bytes each: 6,000 and a claim of 3,000 stay below
 * the 350 KB that an item may hold.
 */
export const MOST_REMEMBERED = 6_000

/** Occurrences in one claim, and so in one mail. */
export const MOST_CLAIMED = 3_000

/** Names an occurrence within its site: 96 bits of the digest of name, node and raw raise time. */
export function mailedKey(alarm: OpenAlarm): string {
  return createHash('sha256').update(occurrenceKey(alarm)).digest('base64url').slice(0, 16)
}

/** The notice as it stands. Throws `retry` for a format of a later release: it is left alone. */
export function readNotice(item: Item | undefined): Notice {
  if (!item) return { format: 1, mailed: {}, sequence: 0 }
  if (item.data.format === 1) return item.data as unknown as Notice
  throw new RoundsError(
    'notice-format',
    'retry',
    `A notice has the format ${String(item.data.format)}, which this release does not know.`,
    'A newer release has written it: use that one, or wait until the upgrade is complete.',
  )
}

/**
 * The notice after the claimed mail went out.
 *
 * An occurrence is remembered while it is open, and for `keepMs` after it was mailed: so long a day
 * file may still bring late lines of it, or be replayed, and nothing is ever mailed twice by that.
 * Where a site has more alarms than a notice can hold, those longest closed are forgotten first.
 */
export function markedSent(
  notice: Notice,
  claim: Claim,
  open: ReadonlySet<string>,
  nowMs: number,
  keepMs: number,
): Notice {
  const claimed = new Set(claim.keys)
  const known = Object.entries(notice.mailed).filter(
    ([key, mailedMs]) => !claimed.has(key) && (open.has(key) || mailedMs >= nowMs - keepMs),
  )
  const all: [string, number][] = [
    ...claim.keys.map((key): [string, number] => [key, nowMs]),
    ...known,
  ]
  const openFirst = (key: string) => (open.has(key) ? 0 : 1)
  all.sort(([a, aMs], [b, bMs]) => openFirst(a) - openFirst(b) || bMs - aMs)
  const mailed = Object.fromEntries(all.slice(0, MOST_REMEMBERED))
  return { format: 1, mailed, sequence: claim.sequence }
}
