import { describe, expect, it } from 'vitest'
import { torture } from './torture.ts'

/** `npm run torture` makes a thousand of them; for these there is time here. */
const CYCLES = 50

describe('real processes that are killed while real files change', () => {
  it('lose no row, double none, miss no mail (F16, F21, F35, F60, F63, F64, F67)', async () => {
    const told: string[] = []
    const sums = await torture({ cycles: CYCLES, seed: 'npm test' }, (line) => told.push(line))
    console.log(told.at(0))
    console.log(told.at(-1))
    expect(sums).toMatchObject({ cycles: CYCLES, lost: 0, doubled: 0 })
    // A torture that killed nobody, or counted nothing, has shown nothing.
    expect(sums.kills).toBeGreaterThan(CYCLES / 2)
    expect(sums.rows).toBeGreaterThan(500)
    expect(sums.mails).toBeGreaterThan(5)
    expect(sums.pairs).toBeGreaterThan(0)
    expect(sums.fullDisks).toBeGreaterThan(0)
    expect(sums.clocksSet).toBeGreaterThan(0)
  }, 300_000)
})
