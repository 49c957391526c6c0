import { randomBytes } from 'node:crypto'
import { expect, it } from 'vitest'
import { RoundsError } from '../../lib/errors.ts'
import { recordsAfter } from '../../lib/ledger/ledger.ts'
import { isClose } from '../../lib/ledger/record.ts'
import type { Range } from '../../lib/store/table.ts'
import { A, B, C, line, oneFile } from './one-file.ts'
import { FILE } from './portal.ts'

/** Reading a whole ledger: from the archive where it is closed, and by pages that fit. */

async function readFrom(store: Parameters<typeof recordsAfter>[0]) {
  const lists: Range[] = []
  const list = (partition: string, range: Range = {}) => {
    lists.push(range)
    return store.table.list(partition, range)
  }
  const table = { ...store.table, list } as typeof store.table
  const records = []
  for await (const one of recordsAfter({ ...store, table, fromArchive: true }, FILE, 0)) {
    records.push(one)
  }
  return { records, lists }
}

it('a closed ledger is one look and the archive; one that goes on is read on', async () => {
  const { pull, settle, records, store } = oneFile()
  await pull(A)
  await pull(A + B)
  expect((await readFrom(store)).records).toEqual(await records())
  await settle()
  const closed = await readFrom(store)
  expect(closed.records).toEqual(await records())
  expect(closed.records.map(isClose)).toEqual([false, false, true])
  expect(closed.lists).toMatchObject([{ descending: true, limit: 1 }, { from: '00000004' }])
  await pull(A + B + C)
  expect((await readFrom(store)).records).toEqual(await records())
})

it('an archive that is gone is no loss while the records stand in the table', async () => {
  const { pull, settle, records, store } = oneFile()
  await pull(A)
  const { close } = await settle()
  await store.archive.remove(close!.archive.path)
  expect((await readFrom(store)).records).toEqual(await records())
})

it('an archive that does not answer is tried again later', async () => {
  const { pull, settle, store } = oneFile()
  await pull(A)
  await settle()
  const error = new RoundsError('bucket-gone', 'retry', 'The bucket did not answer.')
  const get = async () => {
    throw error
  }
  const archive = { ...store.archive, get } as typeof store.archive
  await expect(readFrom({ ...store, archive })).rejects.toBe(error)
})

it('small records are read many at once, large ones few', async () => {
  const { pull, store, records } = oneFile()
  let text = ''
  const seen = async () => {
    const { lists, records: all } = await readFrom(store)
    expect(all).toEqual(await records())
    return lists.flatMap(({ from, limit }) => (from ? [limit] : []))
  }
  const grow = async (count: number) => {
    for (let number = 0; number < count; number += 1) {
      text += line(`n${text.length}`)
      await pull(text)
    }
  }
  await grow(20)
  expect(await seen()).toEqual([16, 128])
  await grow(130)
  expect(await seen()).toEqual([16, 128, 128])
  const { pull: other, store: large } = oneFile()
  let whole = ''
  for (let count = 0; count < 17; count += 1) {
    whole += `${randomBytes(8_000).toString('base64')}\n`
    await other(whole)
  }
  const { lists } = await readFrom(large)
  expect(lists.flatMap(({ from, limit }) => (from ? [limit] : []))).toEqual([16, 16])
})
