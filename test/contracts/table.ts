import { describe, expect, it } from 'vitest'
import type { Table } from '../../lib/store/table.ts'

/** The laws of the table port; `open` gives a fresh, empty table. */
export function tableContract(open: () => Promise<Table>): void {
  const key = { partition: 'p#1', sort: 'a' }

  describe('table contract', () => {
    it('gives back what was created, bytes included', async () => {
      const table = await open()
      const bytes = Uint8Array.from([0, 1, 255])
      await table.create(key, { data: { n: 1, text: '北京|"\u0000' }, bytes })
      const item = await table.get(key)
      expect(item?.data).toEqual({ n: 1, text: '北京|"\u0000' })
      expect(Buffer.compare(item!.bytes!, bytes)).toBe(0)
      expect(await table.get({ partition: 'p#1', sort: 'b' })).toBeUndefined()
      await table.close()
    })

    it('lets exactly one of many creators win, and shows the others what stands', async () => {
      const table = await open()
      const writes = await Promise.all(
        Array.from({ length: 20 }, (_, n) => table.create(key, { data: { n } })),
      )
      const winners = writes.filter((write) => write.done)
      expect(winners).toHaveLength(1)
      const standing = await table.get(key)
      for (const write of writes) {
        if (!write.done) expect(write.standing).toEqual(standing)
      }
      await table.close()
    })

    it('replaces and removes on the version given, and on no other', async () => {
      const table = await open()
      const first = await table.create(key, { data: { n: 1 } })
      if (!first.done) throw new Error('not created')
      const second = await table.replace(key, first.item.version, { data: { n: 2 } })
      if (!second.done) throw new Error('not replaced')
      expect(second.item.version).not.toBe(first.item.version)
      const stale = await table.replace(key, first.item.version, { data: { n: 3 } })
      expect(stale.done).toBe(false)
      expect(!stale.done && stale.standing?.data).toEqual({ n: 2 })
      expect((await table.remove(key, first.item.version)).done).toBe(false)
      expect((await table.get(key))?.data).toEqual({ n: 2 })
      expect((await table.remove(key, second.item.version)).done).toBe(true)
      expect(await table.get(key)).toBeUndefined()
      const gone = await table.replace(key, second.item.version, { data: { n: 4 } })
      expect(gone).toEqual({ done: false, standing: undefined })
      await table.close()
    })

    it('lists a partition in the order of its sorts, within a range, either way', async () => {
      const table = await open()
      for (const sort of ['00000010', '00000002', 'Z', 'a', '00000001']) {
        await table.create({ partition: 'p', sort }, { data: { sort } })
      }
      await table.create({ partition: 'p2', sort: '00000003' }, { data: {} })
      const sorts = async (range?: Parameters<Table['list']>[1]) =>
        (await table.list('p', range)).map((item) => item.sort)
      expect(await sorts()).toEqual(['00000001', '00000002', '00000010', 'Z', 'a'])
      expect(await sorts({ from: '00000002', to: '00000010' })).toEqual(['00000002', '00000010'])
      expect(await sorts({ descending: true, limit: 2 })).toEqual(['a', 'Z'])
      expect(await sorts({ to: '00000009', descending: true, limit: 1 })).toEqual(['00000002'])
      expect(await sorts({ from: 'b' })).toEqual([])
      await table.close()
    })

    it('takes an item of 340 KB and refuses one of 400 KB', async () => {
      const table = await open()
      const large = { data: {}, bytes: new Uint8Array(340_000).fill(7) }
      expect((await table.create(key, large)).done).toBe(true)
      expect((await table.get(key))?.bytes?.length).toBe(340_000)
      const tooLarge = { data: {}, bytes: new Uint8Array(400_000) }
      await expect(table.create({ ...key, sort: 'b' }, tooLarge)).rejects.toMatchObject({
        code: 'item-too-large',
      })
      await table.close()
    })

    it('does not change with the object that was given to it', async () => {
      const table = await open()
      const data = { list: [1] }
      await table.create(key, { data })
      data.list.push(2)
      expect((await table.get(key))?.data).toEqual({ list: [1] })
      await table.close()
    })

    it('keeps an item until its expiresAt', async () => {
      const table = await open()
      await table.create(key, { data: { n: 1 }, expiresAt: 4_102_444_800_000 })
      expect((await table.get(key))?.expiresAt).toBe(4_102_444_800_000)
      await table.close()
    })
  })
}
