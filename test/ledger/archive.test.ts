import { describe, expect, it } from 'vitest'
import { archivedItems, packed, putArchive, unpacked } from '../../lib/ledger/archive.ts'
import type { Content } from '../../lib/store/table.ts'
import { memoryObjects } from '../fixtures/ledgers.ts'

const RECORDS: Content[] = [
  { data: { format: 1, sequence: 1, text: '中' }, bytes: Buffer.from('one') },
  { data: { format: 1, sequence: 2 } },
  { data: { format: 1, sequence: 3 }, bytes: Buffer.from('three') },
]

const DAMAGED = { code: 'archive-damaged', class: 'skip', message: 'The archive p is damaged.' }

describe('an archive', () => {
  it('holds its records in order, with bytes and without', () => {
    expect([...unpacked(packed(RECORDS), 'p')]).toEqual(RECORDS)
    expect([...unpacked(packed([]), 'p')]).toEqual([])
  })

  it('gives back what was put under its name', async () => {
    const objects = memoryObjects()
    const archived = await putArchive(objects, 'p', RECORDS)
    const sorts = []
    for await (const { sort } of archivedItems(objects, archived)) sorts.push(sort)
    expect(sorts).toEqual(['00000001', '00000002', '00000003'])
  })

  it('that is none, or is cut or changed in its heads, is told as damaged', () => {
    const whole = packed(RECORDS)
    const changed = (at: number) => {
      const bytes = Buffer.from(whole)
      bytes[at]! ^= 0x40
      return bytes
    }
    const none = Buffer.from('a text that is longer than a head')
    // The magic number, the length, and the beginning of the data; and two of its heads cut.
    const bad = [none, changed(0), changed(7), changed(8), whole.subarray(0, 5)]
    // The data of the last record, said to be longer than it is.
    const longer = packed(RECORDS.slice(1, 2))
    longer[4]! += 1
    for (const bytes of [...bad, whole.subarray(0, 20), longer]) {
      expect(() => [...unpacked(bytes, 'p')]).toThrow(expect.objectContaining(DAMAGED))
    }
  })
})
