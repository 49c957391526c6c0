import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  bookKey,
  daysPartition,
  FLEET_PAGES,
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
