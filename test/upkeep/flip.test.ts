import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { zstdDecompressSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { seeded } from '../../demo/seeded.ts'
import { packed } from '../../lib/ledger/archive.ts'
import { newestClose } from '../../lib/ledger/ledger.ts'
import { parquetPath } from '../../lib/ledger/parquet-parts.ts'
import { type CloseRecord, decodeRecord, type LedgerRecord } from '../../lib/ledger/record.ts'
import { ledgerPartition } from '../../lib/store/keys.ts'
import type { Item, Table } from '../../lib/store/table.ts'
import { verify } from '../../lib/upkeep/verify.ts'
import { lineOf, SETTLED_FILE, SETTLED_LINES, type SettledDay, settledDay } from './settled-day.ts'

/** Places that are flipped of anything that has more. */
const MOST_PLACES = 300

const { site, feed, day } = SETTLED_FILE
const PARTITION = ledgerPartition(site, feed, day)

let settled: SettledDay
let items: Item[]
let close: CloseRecord
let archive: string

beforeAll(async () => {
  settled = await settledDay()
  const { table } = settled.rounds
  items = await table.list(PARTITION)
  close = (await newestClose(table, SETTLED_FILE))!
  archive = join(settled.world.folder, 'var', 'archive', close.archive.path)
})

afterAll(async () => {
  await settled.rounds.close()
  await settled.world.remove()
})

const findings = async (rounds = settled.rounds) => {
  const { findings, failures } = await verify(rounds)
  expect(failures).toEqual([])
  return findings
}

/** Every place of so many bytes, or a seeded choice of them, with the bit to flip there. */
function places(length: number, seed: string, most = MOST_PLACES): { at: number; mask: number }[] {
  const next = seeded(seed)
  const all = Array.from({ length }, (_, at) => ({ at, mask: 1 << Math.floor(next() * 8) }))
  while (all.length > most) all.splice(Math.floor(next() * all.length), 1)
  return all
}

function flipped(bytes: Uint8Array, { at, mask }: { at: number; mask: number }): Buffer {
  const copy = Buffer.from(bytes)
  copy[at]! ^= mask
  return copy
}

/** The line that a flip within a record's body changes, by the plain way; undefined when unread. */
function flippedLine(record: LedgerRecord, right: Uint8Array, wrong: Uint8Array) {
  let texts: string[][]
  try {
    texts = [right, wrong].map((one) => zstdDecompressSync(one).toString('latin1').split('\n'))
  } catch {
    return undefined
  }
  const [expected, found] = texts as [string[], string[]]
  const index = expected.findIndex((line, number) => line !== found[number])
  const first = 'lines' in record ? record.rows - record.lines + 1 : record.rows + 1
  return index === -1 ? undefined : first + index
}

describe('a settled day', () => {
  it('is right as it stands, and has four records, two generations and a tail', async () => {
    expect(await findings()).toEqual([])
    expect(items).toHaveLength(5)
    expect(close).toMatchObject({ sequence: 5, generation: 1, rows: 44 })
    expect(close.proof.lines).toBe(45)
  })
})

describe('one flipped byte', () => {
  it('of the archive is found, and told with record and line', async () => {
    const bytes = readFileSync(archive)
    const starts = items.slice(0, -1).map((_, index) => packed(items.slice(0, index)).length)
    let lines = 0
    for (const place of places(bytes.length, 'archive')) {
      writeFileSync(archive, flipped(bytes, place))
      const [finding, ...more] = await findings()
      expect({ place, finding, more }).toMatchObject({ finding: { side: 'archive' }, more: [] })
      const index = starts.findLastIndex((start) => start <= place.at)
      expect({ place, record: finding!.record }).toEqual({ place, record: index + 1 })
      const item = items[index]!
      const bodyAt = starts[index]! + packed([item]).length - item.bytes!.length
      if (place.at < bodyAt) continue
      const wrong = flipped(item.bytes!, { ...place, at: place.at - bodyAt })
      const line = flippedLine(decodeRecord(item), item.bytes!, wrong)
      if (line === undefined) expect(finding!.message).toMatch(/decompressed|compressed, not/)
      else
        expect({ place, lines: finding!.lines }).toEqual({ place, lines: { from: line, to: line } })
      lines += line === undefined ? 0 : 1
    }
    writeFileSync(archive, bytes)
    expect(await findings()).toEqual([])
    // Else this would have tested only what cannot be read.
    expect(lines).toBeGreaterThan(10)
  }, 120_000)

  // `partition` is left out: an item that lies elsewhere is one that left the table, and below a
  // close record that is nothing: there the archive is the ledger.
  for (const column of ['data', 'bytes', 'version', 'expires', 'sort']) {
    it(`of ${column} of any record in the table is found`, async () => {
      const database = new DatabaseSync(join(settled.world.folder, 'var', 'state.db'))
      const rows = database
        .prepare(
          `SELECT rowid AS id, CAST(${column} AS BLOB) AS was, version FROM items
           WHERE partition = ? ORDER BY sort`,
        )
        .all(PARTITION) as { id: number; was: Uint8Array | null; version: string }[]
      expect(rows).toHaveLength(items.length)
      const type = { bytes: 'BLOB', expires: 'INTEGER' }[column] ?? 'TEXT'
      const put = database.prepare(
        `UPDATE items SET ${column} = CAST(? AS ${type}) WHERE rowid = ?`,
      )
      for (const [index, { id, was, version }] of rows.entries()) {
        if (!was) continue
        for (const place of places(was.length, `${column} ${index}`)) {
          const byte = was[place.at]!
          // The point before the sum: without it this is a version of release 0.1.0, which had no
          // sums. All that it is the version of stands there unchanged.
          if (column === 'version' && place.at === version.indexOf('.')) continue
          // Digits of a number, so that what is put there is a number again.
          const mask = column === 'expires' ? 1 : place.mask
          // A sort must not be that of another record: no store could hold both.
          if (column === 'sort' && isTaken(flipped(was, place))) continue
          put.run(flipped(was, { at: place.at, mask }), id)
          const found = await findings()
          const what = { column, index, place, byte, found }
          expect(what).toMatchObject({ found: expect.arrayContaining([expect.anything()]) })
          if (column !== 'sort') expect(what).toMatchObject({ found: [{ record: index + 1 }] })
        }
        put.run(was, id)
      }
      database.close()
      expect(await findings()).toEqual([])
    }, 240_000)
  }

  it('of a body is told with its line where the store has no sums of its own', async () => {
    let lines = 0
    for (const item of items) {
      for (const place of places(item.bytes!.length, `no sums ${item.sort}`)) {
        const bytes = flipped(item.bytes!, place)
        const table = tableWith(settled.rounds.table, { ...item, bytes })
        const [finding, ...more] = await findings({ ...settled.rounds, table })
        expect({ place, more }).toEqual({ place, more: [] })
        expect({ place, finding }).toMatchObject({
          finding: { side: 'table', record: Number(item.sort) },
        })
        if (Number(item.sort) === close.sequence) continue
        const line = flippedLine(decodeRecord(item), item.bytes!, bytes)
        if (line !== undefined) expect(finding!.lines).toEqual({ from: line, to: line })
        lines += line === undefined ? 0 : 1
      }
    }
    expect(lines).toBeGreaterThan(10)
  }, 240_000)

  it('of a Parquet file, or of an archive that a newer one replaced, is found', async () => {
    const folder = join(settled.world.folder, 'var', 'archive')
    const parquet = join(folder, parquetPath(feed, day, '0-of-1'))
    await settled.read(`${SETTLED_LINES.join('\n')}\n${lineOf(50)}\n`, 'settle')
    for (const [file, code] of [
      [archive, 'older-archive-damaged'],
      [parquet, 'parquet-damaged'],
    ] as const) {
      const bytes = readFileSync(file)
      for (const place of places(bytes.length, code, 100)) {
        writeFileSync(file, flipped(bytes, place))
        const [finding, ...more] = await findings()
        expect({ place, finding, more }).toMatchObject({ finding: { code }, more: [] })
      }
      writeFileSync(file, bytes)
      expect(await findings()).toEqual([])
    }
  }, 120_000)
})

function isTaken(sort: Buffer): boolean {
  return items.some((item) => item.sort === sort.toString())
}

/** The table, but for one item that comes out otherwise. */
function tableWith(table: Table, wrong: Item): Table {
  const changed = (item: Item) =>
    item.partition === wrong.partition && item.sort === wrong.sort ? wrong : item
  return {
    ...table,
    get: async (key) => {
      const item = await table.get(key)
      return item && changed(item)
    },
    list: async (...range) => (await table.list(...range)).map(changed),
  }
}
