import { createHash } from 'node:crypto'
import type { Day, Feed } from '../site.ts'
import type { Key } from './table.ts'

/**
 * The names of everything in the table (DESIGN section 4). Free text is percent-encoded, so a `#`
 * in a name can never reach into another partition, and every key is ASCII.
 */

/** Digits of a sequence number in a key: 10^8 records in one day file are out of reach. */
const SEQUENCE_DIGITS = 8

/**
 * The longest part of a key that is written out, in bytes: a legal mail address in Chinese comes to
 * over 2,200 when it is encoded, and a key has room for 1,024 (store/table.ts).
 */
const MOST_PART_BYTES = 512

/** So many bytes of a longer one are kept, so that who looks into the table sees what it is. */
const BEGINNING_BYTES = 256

/**
 * One part of a key: anything but letters, digits, `.`, `_` and `-` is percent-encoded. Of one that
 * is too long, the beginning, `~` and its SHA-256; `~` is in no other.
 */
export function keyPart(text: string): string {
  const part = encodeURIComponent(text.toWellFormed()).replace(
    /[!'()*~]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  if (part.length <= MOST_PART_BYTES) return part
  const digest = createHash('sha256').update(part).digest('hex')
  return `${part.slice(0, BEGINNING_BYTES)}~${digest}`
}

/** A sequence number as a sort key, so that bytes order as numbers do. */
export function sequenceKey(sequence: number): string {
  return String(sequence).padStart(SEQUENCE_DIGITS, '0')
}

/** Partition of the ledger of one day file; the sort is `sequenceKey`. */
export function ledgerPartition(site: string, feed: Feed, day: Day): string {
  return `ledger#${keyPart(site)}#${feed}#${day}`
}

/** Partition of a site's computed days; the sort is the day. */
export function daysPartition(site: string): string {
  return `days#${keyPart(site)}`
}

/** Partition of what was read when; the sort is the day. */
export function observedPartition(site: string): string {
  return `observed#${keyPart(site)}`
}

/** The book of a site's alarms: its head. */
export function bookKey(site: string): Key {
  return { partition: `alarms#${keyPart(site)}`, sort: 'book' }
}

/** What was last mailed to a recipient about a group. */
export function noticeKey(recipient: string, group: string): Key {
  return { partition: `notices#${keyPart(recipient)}`, sort: keyPart(group) }
}

/** Partition of what was published of a site; the sort is the day. */
export function pagesPartition(site: string): string {
  return `pages#${keyPart(site)}`
}

/** Partition of what the Parquet files of a feed's day were made from; the sort is the part. */
export function parquetPartition(feed: Feed, day: Day): string {
  return `parquet#${feed}#${day}`
}

/** What was published of the whole fleet. No site can reach it: `pages` has no `#`. */
export const FLEET_PAGES: Key = { partition: 'pages', sort: 'fleet' }

/** What became of the last mail to an address that was not delivered, or not wanted. */
export function feedbackKey(to: string): Key {
  return { partition: `feedback#${keyPart(to)}`, sort: 'feedback' }
}

/** What a glance at a site is compared with. */
export function glanceKey(site: string): Key {
  return { partition: `glance#${keyPart(site)}`, sort: 'glance' }
}

/** Partition of the days on which a dead letter told of a site; the sort is the kind of job. */
export function lettersPartition(site: string): string {
  return `letters#${keyPart(site)}`
}

/** On which day a dead letter of a kind of job told of a site last. */
export function letterKey(site: string, job: string): Key {
  return { partition: lettersPartition(site), sort: job }
}

/** Names the version of the settings that counts. */
export const SETTINGS_HEAD: Key = { partition: 'settings', sort: 'head' }

/** A version of the settings. */
export function settingsVersionKey(version: number): Key {
  return { partition: 'settings', sort: `version#${sequenceKey(version)}` }
}

/** Partition of the sites of all versions, in parts. */
export function settingsPartition(): string {
  return 'settings#sites'
}
