import { describe, expect, it } from 'vitest'
import { en } from '../../lib/text/en.ts'
import {
  byteShare,
  byteSize,
  cutText,
  groupedNumber,
  signedPercent,
  wholePercent,
} from '../../lib/text/units.ts'
import { zhCN } from '../../lib/text/zh-CN.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../lib/time.ts'

describe('units', () => {
  it.each([
    [byteSize(0), '0 B'],
    [byteSize(1023), '1023 B'],
    [byteSize(16_384_000_000), '15.3 GiB'],
    [byteSize(2 ** 40 * 500), '500 TiB'],
    [byteSize(3 * 2 ** 50), '3.0 PiB'],
    [byteShare(8_957_249_394, 16_384_000_000), '8.3 / 15.3 GiB'],
    [byteShare(0, 0), '0 / 0 B'],
    [groupedNumber(1_283_720), '1,283,720'],
    [wholePercent(99.9), '99%'],
    [wholePercent(100), '100%'],
    [wholePercent(39.4), '39%'],
    [signedPercent(-36.73), '\u221236.7%'],
    [signedPercent(0.05), '+0.1%'],
    [signedPercent(-0.01), '+0.0%'],
    [signedPercent(123_456.7), '+123,457%'],
    [cutText('abcdef', 6), 'abcdef'],
    [cutText('abcdefg', 6), 'abcde…'],
    [cutText('😀😀😀😀', 3), '😀😀…'],
  ])('%s is %s', (made, wanted) => {
    expect(made).toBe(wanted)
  })

  it.each([
    [45 * MINUTE_MS, '45 分', '45 min'],
    [15 * HOUR_MS + 9 * MINUTE_MS, '15 小时 09 分', '15 h 09 min'],
    [3 * DAY_MS + 4 * HOUR_MS, '3 天 04 小时', '3 d 04 h'],
    [32 * DAY_MS + HOUR_MS, '32 天', '32 d'],
    [-5, '0 分', '0 min'],
  ])('a duration of %i ms is %s or %s', (ms, chinese, english) => {
    expect([zhCN.units.duration(ms), en.units.duration(ms)]).toEqual([chinese, english])
  })
})
