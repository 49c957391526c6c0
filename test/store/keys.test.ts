import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  bookKey,
  daysPartition,
  FLEET_PAGES,
  feedbackKey,
  keyPart,
  ledgerPartition,
  noticeKey,
  observedPartition,
  pagesPartition,
  parquetPartition,
  sequenceKey,
} from '../../lib/store/keys.ts'

const wellFormed = fc.string({ unit: 'binary' })
/** Names made of what separates keys, so that two of them come near to each other. */
const tricky = fc
  .array(fc.constantFrom('a', '#', '%', '23', '%23', '\0', '', '/', '中', 'A', '~'), {
    maxLength: 5,
  })
  .map((parts) => parts.join(''))
const names = fc.oneof(wellFormed, tricky)

describe('a part of a key (S12)', () => {
  it('is plain ASCII without the sign that separates parts', () => {
    fc.assert(
      fc.property(names, (name) => {
        expect(keyPart(name)).toMatch(/^[A-Za-z0-9._@%-]*$/)
      }),
    )
  })

  it('is another one for another text', () => {
    fc.assert(
      fc.property(names, names, (one, other) => {
        expect(keyPart(one) === keyPart(other)).toBe(one === other)
      }),
      { numRuns: 2000 },
    )
    fc.assert(fc.property(wellFormed, (name) => decodeURIComponent(keyPart(name)) === name))
  })

  it('is short enough for every store, however long the text is', () => {
    // The longest address that mail allows, in signs that take nine bytes each when encoded.
    const address = `${'中'.repeat(21)}@${'文'.repeat(232)}`
    for (const { partition, sort } of [noticeKey(address, address), feedbackKey(address)]) {
      expect(partition.length).toBeLessThanOrEqual(1_024)
      expect(sort.length).toBeLessThanOrEqual(1_024)
    }
    expect(keyPart('a'.repeat(512))).toBe('a'.repeat(512))
    expect(keyPart('a'.repeat(513))).toMatch(/^a{256}~[0-9a-f]{64}$/)
    expect(keyPart(keyPart('a'.repeat(513)))).toBe(keyPart('a'.repeat(513)).replace('~', '%7E'))
  })

  it('is another one for another long text', () => {
    const long = fc
      .tuple(fc.constantFrom('a', '中', '~', '%', '#'), fc.integer({ min: 50, max: 600 }), names)
      .map(([sign, count, end]) => sign.repeat(count) + end)
    fc.assert(
      fc.property(long, long, (one, other) => {
        expect(keyPart(one) === keyPart(other)).toBe(one === other)
        expect(keyPart(one) === keyPart(keyPart(other))).toBe(one === keyPart(other))
      }),
      { numRuns: 500 },
    )
  })

  it('is made of broken text too, without an error', () => {
    expect(keyPart('a\ud800b')).toBe('a%EF%BF%BDb')
  })
})

it('no site reaches into a partition of another one or of another kind', () => {
  const partitionsOf = (site: string) => [
    ledgerPartition(site, 'alarm', '2026-11-10'),
    ledgerPartition(site, 'system', '2026-11-10'),
    daysPartition(site),
    observedPartition(site),
    bookKey(site).partition,
    noticeKey(site, 'group').partition,
    pagesPartition(site),
    parquetPartition('alarm', '2026-11-10'),
    FLEET_PAGES.partition,
  ]
  fc.assert(
    fc.property(names, names, (one, other) => {
      const all = [...partitionsOf(one), ...(one === other ? [] : partitionsOf(other).slice(0, -2))]
      expect(new Set(all).size).toBe(all.length)
    }),
    { numRuns: 500 },
  )
  expect(noticeKey('a@b.example', 'x#y')).toEqual({
    partition: 'notices#a%40b.example',
    sort: 'x%23y',
  })
})

it('sequence numbers are ordered as bytes like as numbers', () => {
  const numbers = fc.integer({ min: 0, max: 99_999_999 })
  fc.assert(
    fc.property(numbers, numbers, (one, other) => {
      expect(sequenceKey(one) < sequenceKey(other)).toBe(one < other)
    }),
  )
})
