import { describe, expect, it } from 'vitest'
import type { Table } from '../../lib/store/table.ts'
import { type Clock, DAY_MS } from '../../lib/time.ts'

/** The laws of the table port; `open` gives a fresh, empty table that lives by the clock. */
export function tableContract(open: (clock: Clock) => Promise<Table>): void {
  /** Before everything that expires here. */
  const early: Clock = { now: () => 1_000_000 }
  const key = { partition: 'p#1', sort: 'a' }

  describe('table contract', () => {
    it('gives back what was created, bytes included', async () => {
      const table = await open(early)
      const bytes = Uint8Array.from([0, 1, 255])
      await table.create(key, { data: { n: 1, text: '北京|"\u0000' }, bytes })
      const item = await table.get(key)
      expect(item?.data).toEqual({ n: 1, text: '北京|"\u0000' })
      expect(Buffer.compare(item!.bytes!, bytes)).toBe(0)
      expect(await table.get({ partition: 'p#1', sort: 'b' })).toBeUndefined()
      await table.close()
    })

    it('lets exactly one of many creators win, and shows the others what stands', async () => {
      const table = await open(early)
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
      const table = await open(early)
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
      const table = await open(early)
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
      const table = await open(early)
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
      const table = await open(early)
      const data = { list: [1] }
      await table.create(key, { data })
      data.list.push(2)
      expect((await table.get(key))?.data).toEqual({ list: [1] })
      await table.close()
    })

    it('keeps an item until its expiresAt', async () => {
      const table = await open(early)
      await table.create(key, { data: { n: 1 }, expiresAt: 4_102_444_800_000 })
      expect((await table.get(key))?.expiresAt).toBe(4_102_444_800_000)
      await table.sweep?.(async () => '~')
      expect((await table.get(key))?.expiresAt).toBe(4_102_444_800_000)
      await table.close()
    })

    it('drops what expired when it is asked to, and at no write (F17)', async () => {
      let nowMs = 1_000_000
      const table = await open({ now: () => nowMs })
      await table.create({ partition: 'p', sort: 'a' }, { data: {}, expiresAt: 2_000_000 })
      await table.create({ partition: 'q', sort: 'b' }, { data: {}, expiresAt: 90 * DAY_MS })
      const put = await table.create({ partition: 'q', sort: 'c' }, { data: {} })
      const off = await table.create({ partition: 'q', sort: 'd' }, { data: {}, expiresAt: 2e6 })
      // The machine was off for two months: nothing is lost before what it holds is put off.
      nowMs += 60 * DAY_MS
      await table.create({ partition: 'q', sort: 'e' }, { data: {} })
      if (!put.done || !off.done) throw new Error('not created')
      await table.replace(put.item, put.item.version, { data: { n: 1 } })
      await table.replace(off.item, off.item.version, { data: {}, expiresAt: 90 * DAY_MS })
      const sorts = async () => [...(await table.list('p')), ...(await table.list('q'))]
      expect((await sorts()).map(({ sort }) => sort).join('')).toBe('abcde')
      if (table.sweep) {
        expect(await table.sweep(async () => undefined)).toBe(0)
        expect(await table.sweep(async () => 'A')).toBe(0)
        const asked: string[] = []
        const upTo = async (partition: string) => {
          asked.push(partition)
          return 'a'
        }
        expect(await table.sweep(upTo)).toBe(1)
        expect(asked).toEqual(['p'])
        expect((await sorts()).map(({ sort }) => sort).join('')).toBe('bcde')
        expect(await table.sweep(upTo)).toBe(0)
      }
      await table.close()
    })
  })
}
