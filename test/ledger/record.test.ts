import { describe, expect, it } from 'vitest'
import { type CloseRecord, decodeRecord, encodeRecord } from '../../lib/ledger/record.ts'
import type { Content } from '../../lib/store/table.ts'
import { A, oneFile } from './one-file.ts'

/** An item as it comes out of the table. */
const item = (content: Content) => ({ partition: 'p', sort: '1', version: '1', ...content })

/** A segment and a close record with an unfinished line, as a ledger holds them. */
async function records() {
  const { pull, settle, records } = oneFile()
  await pull(`${A}unfinished`)
  await settle()
  const [segment, close] = await records()
  return { segment: segment!, close: close as CloseRecord }
}

const DAMAGED = { code: 'ledger-damaged', class: 'skip', message: 'The record p / 1 is damaged.' }

describe('a record', () => {
  it('comes out of the table as it went in', async () => {
    const { segment, close } = await records()
    for (const record of [segment, close]) {
      expect(decodeRecord(item(encodeRecord(record)))).toEqual(record)
    }
  })

  it('whose bytes cannot be unpacked is told as damaged', async () => {
    const { segment, close } = await records()
    for (const record of [segment, close]) {
      const { data, bytes } = encodeRecord(record)
      const bad = Buffer.from(bytes!)
      bad[0]! ^= 1
      expect(() => decodeRecord(item({ data, bytes: bad }))).toThrow(
        expect.objectContaining(DAMAGED),
      )
    }
  })

  it('that closes a day file proves itself, every field and its unfinished line', async () => {
    const { close } = await records()
    const whole = encodeRecord(close)
    for (const field of Object.keys(whole.data)) {
      const data = { ...whole.data, [field]: undefined }
      expect(() => decodeRecord(item({ ...whole, data })), field).toThrow()
    }
    const proof = { ...close.proof, lines: close.proof.lines + 1 }
    const { bytes } = encodeRecord({ ...close, tail: Buffer.from('unfinisheD') })
    for (const bad of [{ data: { ...whole.data, proof } }, { bytes: bytes! }]) {
      expect(() => decodeRecord(item({ ...whole, ...bad }))).toThrow(
        expect.objectContaining(DAMAGED),
      )
    }
  })
})
