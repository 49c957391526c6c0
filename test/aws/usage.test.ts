import { expect, it } from 'vitest'
import { MEASURED } from '../../infra/cost/usage.ts'
import { PACES, recorded } from './record-usage.ts'
import { dayUsage, type Usage } from './usage.ts'

/** The counts from which costs are computed: infra/cost/usage.json must not rot. */

type Jobs = Record<'round' | 'report' | 'settling' | 'idleSettle', Omit<Usage, 'ledgerBytes'>>

it('are what hourly rounds ask for, but for reads of a past that is shorter here', async () => {
  const now = recorded(await dayUsage({ ...PACES[60]!, weeksBefore: 0 })) as Jobs
  const noted = MEASURED.paces[60]!
  for (const job of ['round', 'report', 'idleSettle'] as const) {
    const { readUnits, gets: _, ...others } = now[job]
    expect({ job, ...noted[job] }).toMatchObject({ job, ...others })
    expect(readUnits).toBeLessThanOrEqual(noted[job].readUnits)
    expect(readUnits).toBeGreaterThan(0.7 * noted[job].readUnits)
  }
  expect(now.settling.puts).toBe(noted.settling.puts)
  expect(now.settling.requests).toBe(noted.settling.requests)
}, 120_000)
