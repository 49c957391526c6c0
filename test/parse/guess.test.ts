import { describe, expect, it } from 'vitest'
import type { SystemReading } from '../../lib/parse/feeds.ts'
import {
  guessCountsOf,
  guessOffset,
  guessUnits,
  siteIdsIn,
  zonesAt,
} from '../../lib/parse/guess.ts'
import { Zone } from '../../lib/time.ts'

const head = { server: 's', ip: 'i', recorded: { text: '2026-11-10 10:00:00', ms: 0 } }
const mem = (total: number): SystemReading => ({
  ...head,
  type: 'mem',
  used: 1,
  free: 1,
  buffer: 1,
  total,
})
const disk = (total: number): SystemReading => ({
  ...head,
  type: 'disk',
  mount: '/',
  used: 1,
  total,
})

describe('guessUnits', () => {
  it.each([
    [[mem(16_384_000)], { units: 'KiB', sure: true }],
    [[mem(32_768_000_000)], { units: 'bytes', sure: true }],
    [[mem(15_360)], { units: 'MiB', sure: true }],
    // 2 GiB in bytes, or 2 TiB in KiB: the disk decides.
    [[mem(2_147_483_648), disk(4_398_046_511_104)], { units: 'bytes', sure: true }],
    [[mem(2_147_483_648)], { units: 'bytes', sure: false }],
    [[disk(209_715_200)], { units: 'KiB', sure: false }],
  ] as const)('%#: the unit that gives sizes which servers have', (readings, expected) => {
    expect(guessUnits(readings)).toMatchObject(expected)
  })

  it('says nothing without sizes, or when none fits', () => {
    expect(guessUnits([])).toBeUndefined()
    expect(guessUnits([mem(3)])).toBeUndefined()
  })
})

describe('guessOffset', () => {
  const nowMs = Date.parse('2026-11-10T04:00:30Z')
  const at = (text: string) => guessOffset(Date.parse(`${text}Z`), nowMs)

  it.each([
    ['2026-11-10T12:00:00', 'UTC+8'],
    ['2026-11-10T11:40:00', 'UTC+8'],
    // A clock that is a minute ahead is not another zone.
    ['2026-11-10T12:01:30', 'UTC+8'],
    ['2026-11-10T09:30:00', 'UTC+5:30'],
    ['2026-11-10T04:00:00', 'UTC'],
    ['2026-11-09T23:00:00', 'UTC-5'],
    ['2026-11-10T00:30:00', 'UTC-3:30'],
  ])('%s is %s', (text, name) => {
    expect(at(text)?.name).toBe(name)
  })

  it('says nothing about a record that is days old or in the future', () => {
    expect(at('2026-11-08T12:00:00')).toBeUndefined()
    expect(at('2026-11-11T12:00:00')).toBeUndefined()
  })

  it('names zones with that offset now, also in summer', () => {
    expect(zonesAt(8 * 3_600_000, nowMs)[0]).toBe('Asia/Shanghai')
    expect(zonesAt(3_600_000, nowMs)[0]).toBe('Europe/Berlin')
    expect(zonesAt(3_600_000, Date.parse('2026-07-01T00:00:00Z'))[0]).toBe('Europe/London')
  })
})

it('guesses which day the counts of a service file are of', () => {
  const day = '2026-11-10'
  const before = { countsOf: 'dayBefore', sure: true }
  expect(guessCountsOf('2026-11-10 00:10:00', day)).toMatchObject(before)
  const own = { countsOf: 'fileDay', sure: true }
  expect(guessCountsOf('2026-11-10 23:59:00', day)).toMatchObject(own)
  expect(guessCountsOf('2026-11-11 00:10:00', day)).toMatchObject(own)
  expect(guessCountsOf('2026-11-10 12:00:00', day)).toMatchObject({ ...own, sure: false })
  expect(guessCountsOf('yesterday', day)).toBeUndefined()
})

it('finds the ids of lines that read well, behind a BOM and before CR LF too', () => {
  const line = (id: string) => `${id}|n|node|d|2026-11-10 10:00:00||2026-11-10 10:00:00\r\n`
  const text = `\uFEFF${line('A')}${line('B')}junk|x\r\n${line('A')}`
  const reader = {
    zone: new Zone('UTC'),
    siteIds: new Set(['A']),
    units: 'bytes' as const,
    charset: undefined,
    previousMs: undefined,
  }
  expect([...siteIdsIn('alarm', Buffer.from(text), reader)]).toEqual([
    ['A', 2],
    ['B', 1],
  ])
})
