import { expect, it } from 'vitest'
import type { Observed } from '../../lib/ledger/observed.ts'
import type { Proof } from '../../lib/ledger/record.ts'
import { settlingOf } from '../../lib/ledger/settling.ts'
import { emptyTally } from '../../lib/ledger/tally.ts'
import { Zone } from '../../lib/time.ts'

const zone = new Zone('Asia/Shanghai')
const proof = { lines: 3 } as Proof
const tally = { ...emptyTally(), lines: 3 }
const observed = (settledMs?: Observed['settledMs']): Observed => ({
  ...{ feeds: {}, via: 'round' },
  ...(settledMs && { settledMs }),
})

it.each([
  ['never read', undefined, undefined, 'due'],
  ['read and not settled', tally, observed(), 'due'],
  ['of which another feed was settled', tally, observed({ system: 5 }), 'due'],
  ['settled when the site had none', undefined, observed({ alarm: 5 }), 'absent'],
  ['settled, and closed since', { ...tally, proof }, observed({ alarm: 5 }), 'settled'],
  ['settled, to which something came since', tally, observed({ alarm: 5 }), 'reopened'],
])('a day file %s is %4$s', (_, known, read, state) => {
  const rest = {
    due: { dueMs: Date.parse('2026-11-11T02:00:00+08:00') },
    absent: { settledMs: 5 },
    settled: { proof },
    reopened: { settledMs: 5 },
  }[state]
  expect(settlingOf(zone, '2026-11-10', 'alarm', known, read)).toEqual({ state, ...rest })
})
