import { expect, it } from 'vitest'
import { createRecord } from '../../lib/ledger/ledger.ts'
import { isClose } from '../../lib/ledger/record.ts'
import { removeOwnClose } from '../../lib/ledger/superseded.ts'
import { A, B, oneFile } from './one-file.ts'
import { FILE } from './portal.ts'

/** A day file with two close records: 2, which the other one follows, and 4. */
async function closedTwice() {
  const all = oneFile()
  await all.pull(A)
  const { close } = await all.settle()
  await all.pull(A + B)
  const newest = (await all.settle()).close!
  const standing = async () => {
    const items = await all.store.table.list('ledger#s1#alarm#2026-11-10')
    return items.map(({ sort }) => Number(sort))
  }
  return { ...all, close: close!, newest, standing }
}

it('a close record below a newer one that has not archived it goes', async () => {
  const { store, close, newest, records, names, drop, standing } = await closedTwice()
  await drop(2)
  const late = { ...close, proof: { ...close.proof, readAtMs: 7 } }
  await createRecord(store, FILE, late)
  await removeOwnClose(store, FILE, late, newest)
  expect(await standing()).toEqual([1, 3, 4])
  // From here on the archive is the ledger, in which the first one stands.
  expect((await records()).map(isClose)).toEqual([false, true, false, true])
  expect(await names()).toEqual(['A', 'B'])
})

it('one that the newer one has archived stays: its number must not be free again', async () => {
  const { store, close, newest, standing } = await closedTwice()
  await removeOwnClose(store, FILE, close, newest)
  expect(await standing()).toEqual([1, 2, 3, 4])
})

it('one that another settler created, or a segment in its place, stays', async () => {
  const { store, close, newest, records, drop } = await closedTwice()
  const before = await records()
  const { proof } = close
  await removeOwnClose(store, FILE, { ...close, proof: { ...proof, readAtMs: 1 } }, newest)
  await removeOwnClose(store, FILE, { ...close, sequence: 3 }, newest)
  expect(await records()).toEqual(before)
  await drop(2)
  const segment = before[0]!
  await createRecord(store, FILE, { ...segment, sequence: 2 })
  await removeOwnClose(store, FILE, close, newest)
  const standing = await store.table.list('ledger#s1#alarm#2026-11-10')
  expect(standing.map(({ data }) => data.kind)).toEqual(['segment', 'segment', 'segment', 'close'])
})

it('one that has gone by itself is no error', async () => {
  const { store, close, newest, drop, standing } = await closedTwice()
  await drop(2)
  await removeOwnClose(store, FILE, close, newest)
  expect(await standing()).toEqual([1, 3, 4])
})
