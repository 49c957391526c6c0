import { randomBytes } from 'node:crypto'
import { RoundsError } from '../errors.ts'
import { HOUR_MS, isoInstant, parseInstant } from '../time.ts'
import { LONGEST_LINK_MS, type SigningKey } from './session-token.ts'

/** A key that signs links, or has signed some that may still be valid. */
export interface AccessKey extends SigningKey {
  /** When it was made: ISO 8601, UTC. The key before it signs nothing from then on. */
  madeAt: string
}

/** As many random bytes as the hash has: more would make nothing safer. */
const SECRET_BYTES = 32

/** Random bytes in a key's name, so that two people who rotate at once make two keys. */
const NAME_BYTES = 3

/** How far the clocks of those who make links may differ. */
const CLOCKS_DIFFER_MS = HOUR_MS

/** What the edge takes for the name of a key. */
const KID = /^[a-z0-9-]{1,32}$/

/**
 * A key that nobody has had before: `k20261110-3fa94c`. Its secret comes from the system and not
 * from a `Chance`, which a test may decide: a secret that can be foreseen opens every page.
 */
export function newKey(nowMs: number): AccessKey {
  const madeAt = isoInstant(nowMs)
  return {
    kid: `k${madeAt.slice(0, 10).replaceAll('-', '')}-${randomBytes(NAME_BYTES).toString('hex')}`,
    secret: randomBytes(SECRET_BYTES).toString('base64'),
    madeAt,
  }
}

/**
 * The keys in the text of the secret, oldest first: the last one signs. Other fields beside `keys`
 * mean nothing. Text of another form throws a `stop` that quotes nothing of it.
 */
export function readKeys(text: string): AccessKey[] {
  const keys = fieldOf(text, 'keys')
  if (!Array.isArray(keys) || !keys.every(isKey)) {
    throw new RoundsError(
      'access-keys',
      'stop',
      'The secret with the keys of access links is not in the form that Siterounds writes.',
      'siterounds access rotate --now makes a new key, and ends all links.',
    )
  }
  return keys.map(({ kid, secret, madeAt }) => ({ kid, secret, madeAt }))
}

/** The text of the secret: `{"keys":[{"kid":"k…","secret":"base64","madeAt":"…"}]}`. */
export function keysText(keys: readonly AccessKey[]): string {
  return JSON.stringify({ keys })
}

/**
 * The keys without those that opened their last link: a key has signed none since the next one was
 * made, and no link is valid for longer than a month. The last key stays whatever its age.
 */
export function neededKeys(keys: readonly AccessKey[], nowMs: number): AccessKey[] {
  return keys.filter((_, index) => {
    const endsAtMs = lastLinkEndsMs(keys, index)
    return endsAtMs === undefined || endsAtMs > nowMs
  })
}

/** Epoch ms until when links of a key may be valid; undefined for the last one, which signs. */
export function lastLinkEndsMs(keys: readonly AccessKey[], index: number): number | undefined {
  const next = keys[index + 1]
  return next && parseInstant(next.madeAt)! + LONGEST_LINK_MS + CLOCKS_DIFFER_MS
}

function fieldOf(text: string, name: string): unknown {
  try {
    return JSON.parse(text)?.[name]
  } catch {
    return undefined
  }
}

function isKey(value: unknown): value is AccessKey {
  const { kid, secret, madeAt } = (value ?? {}) as Record<string, unknown>
  if (typeof kid !== 'string' || typeof secret !== 'string' || typeof madeAt !== 'string') {
    return false
  }
  const isSecret = Buffer.from(secret, 'base64').length >= SECRET_BYTES
  return KID.test(kid) && isSecret && parseInstant(madeAt) !== undefined
}
