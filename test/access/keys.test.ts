import { describe, expect, it } from 'vitest'
import {
  type AccessKey,
  keysText,
  lastLinkEndsMs,
  neededKeys,
  newKey,
  readKeys,
} from '../../lib/access/keys.ts'
import { DAY_MS, HOUR_MS, isoInstant } from '../../lib/time.ts'

const NOW = Date.parse('2026-11-10T08:00:00Z')
const KEY = newKey(NOW)

/** Keys that were made so many days before now, oldest first. */
function keysOf(...daysAgo: number[]): AccessKey[] {
  return daysAgo.map((days) => newKey(NOW - days * DAY_MS))
}

describe('a new key', () => {
  it('has a name of its day, and a secret of 32 bytes that nobody had before', () => {
    expect(KEY.kid).toMatch(/^k20261110-[0-9a-f]{6}$/)
    expect(KEY.madeAt).toBe('2026-11-10T08:00:00Z')
    expect(Buffer.from(KEY.secret, 'base64')).toHaveLength(32)
    const many = Array.from({ length: 100 }, () => newKey(NOW).secret)
    expect(new Set(many).size).toBe(100)
  })
})

describe('the text of the keys', () => {
  it('is read as it was written', () => {
    const keys = keysOf(40, 2, 0)
    expect(readKeys(keysText(keys))).toEqual(keys)
    expect(JSON.parse(keysText([KEY]))).toEqual({ keys: [KEY] })
  })

  it('may have other fields, as one that was made with the stack', () => {
    expect(readKeys('{"keys":[],"placeholder":"x1"}')).toEqual([])
    expect(readKeys(JSON.stringify({ keys: [{ ...KEY, more: 1 }] }))).toEqual([KEY])
  })

  it.each([
    ['no JSON', `secret ${KEY.secret}`],
    ['no keys', `{"key":"${KEY.secret}"}`],
    ['JSON that is nothing', 'null'],
    ['a key that is none', `{"keys":["${KEY.secret}"]}`],
    ['an empty key', '{"keys":[null]}'],
    ['a name that the edge does not take', keysText([{ ...KEY, kid: 'K 1' }])],
    ['a name that is too long', keysText([{ ...KEY, kid: 'k'.repeat(33) }])],
    ['a secret that is too short', keysText([{ ...KEY, secret: 'c2hvcnQ=' }])],
    ['a time that is none', keysText([{ ...KEY, madeAt: 'yesterday' }])],
  ])('is refused with %s, and nothing of it is told', (_, text) => {
    let told: Error | undefined
    try {
      readKeys(text)
    } catch (thrown) {
      told = thrown as Error
    }
    expect(told).toMatchObject({ code: 'access-keys', class: 'stop' })
    expect(told?.cause).toBeUndefined()
    expect(JSON.stringify([told?.message, told])).not.toContain(KEY.secret)
    expect(JSON.stringify([told?.message, told])).not.toContain('c2hvcnQ=')
  })
})

describe('the keys that are needed', () => {
  it('are those whose last link may be valid, and always the last one', () => {
    const keys = keysOf(100, 40, 30, 0)
    expect(neededKeys(keys, NOW)).toEqual(keys.slice(1))
    expect(neededKeys(keys.slice(0, 1), NOW)).toEqual(keys.slice(0, 1))
    expect(neededKeys([], NOW)).toEqual([])
  })

  it('stay for a month after the next one was made, and an hour for clocks that differ', () => {
    const keys = keysOf(1, 0)
    const endsAtMs = NOW + 31 * DAY_MS + HOUR_MS
    expect(isoInstant(lastLinkEndsMs(keys, 0)!)).toBe(isoInstant(endsAtMs))
    expect(lastLinkEndsMs(keys, 1)).toBeUndefined()
    expect(neededKeys(keys, endsAtMs - 1)).toEqual(keys)
    expect(neededKeys(keys, endsAtMs)).toEqual(keys.slice(1))
  })
})
