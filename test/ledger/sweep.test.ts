import { expect, it } from 'vitest'
import { sweepArchived } from '../../lib/ledger/sweep.ts'
import { memoryTable } from '../../lib/store/memory.ts'
import { DAY_MS } from '../../lib/time.ts'
import { A, B, oneFile } from './one-file.ts'

it('records leave only once they are archived, whoever sweeps (F17)', async () => {
  const { pull, settle, names, store, clock } = oneFile({}, (own) => memoryTable(own))
  await pull(A)
  clock.nowMs += 400 * DAY_MS
  expect(await sweepArchived(store.table)).toBe(0)
  await settle()
  expect(await sweepArchived(store.table)).toBe(1)
  expect(await names()).toEqual(['A'])
  // What came behind the close record is in no archive yet.
  await pull(A + B)
  clock.nowMs += 400 * DAY_MS
  expect(await sweepArchived(store.table)).toBe(0)
  await settle()
  expect(await sweepArchived(store.table)).toBeGreaterThan(0)
  expect(await names()).toEqual(['A', 'B'])
})

it('other things leave when they expire; a store that drops by itself is left alone', async () => {
  const clock = { now: () => 10 }
  const table = memoryTable(clock)
  await table.create({ partition: 'notes#a', sort: 'x' }, { data: {}, expiresAt: 5 })
  expect(await sweepArchived(table)).toBe(1)
  const { sweep: _, ...byItself } = table
  expect(await sweepArchived(byItself)).toBe(0)
})
