import { createHash, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { NOWHERE } from '../../lib/ledger/ledger.ts'
import { encodeRecord } from '../../lib/ledger/record.ts'
import { segmentOf } from '../../lib/ledger/segment.ts'
import { systemChance } from '../../lib/random.ts'
import { dynamodbTable } from '../../lib/store/dynamodb.ts'
import { rowOf } from '../../lib/store/dynamodb-row.ts'
import { ledgerPartition, sequenceKey } from '../../lib/store/keys.ts'
import type { Content, Item, Table, Write } from '../../lib/store/table.ts'
import { itemBytes, readUnits, writeUnits } from '../fixtures/capacity.ts'
import { type CapacityMeter, capacityMeter } from '../fixtures/capacity-meter.ts'
import {
  type DynamodbServer,
  dynamodbServer,
  LOCAL,
  stateTable,
} from '../fixtures/dynamodb-server.ts'
import { otherEngine } from '../fixtures/other-engines.ts'

/** Dynalite, which npm installs, does most of the same sums. */
const IS_DYNALITE = otherEngine('DYNAMODB') === undefined

/** An engine may hold the tables of another run. */
const TABLE = `capacity-${randomUUID()}`

let server: DynamodbServer
let meter: CapacityMeter
let table: Table
let partitions = 0
let partition: string

beforeAll(async () => {
  server = await dynamodbServer()
  await server.createTable(stateTable(TABLE))
  meter = await capacityMeter(server.url)
  table = dynamodbTable(TABLE, systemChance, { ...LOCAL, endpoint: meter.url })
})
afterAll(async () => {
  await table.close()
  await meter.close()
  await server.close()
})
beforeEach(() => {
  partition = ledgerPartition('bj01', 'alarm', `2026-11-${10 + ++partitions}`)
  meter.forget()
})

/** Text that hardly shrinks, always the same. */
function noise(bytes: number): string {
  let text = ''
  while (text.length < bytes) text += createHash('sha256').update(text).digest('base64')
  return `${text.slice(0, bytes - 1)}\n`
}

/** The record of a round that found so many bytes of lines; in the table they end after weeks. */
function segment(bytes: number): Content {
  const run = { bytes: Buffer.from(noise(bytes)), before: Buffer.alloc(0), readAtMs: 0 }
  const record = segmentOf({ ...NOWHERE, generation: 1 }, { ...run, via: 'round' }, undefined)
  return { ...encodeRecord(record!), expiresAt: 1_795_000_000_000 }
}

/** An item that a write made, as DynamoDB holds it. */
const rowOfItem = (item: Item) => rowOf(item, item, item.version)

function written(write: Write): Item {
  if (!write.done) throw new Error('It was not written.')
  return write.item
}

const create = async (sequence: number, content: Content): Promise<Item> =>
  written(await table.create({ partition, sort: sequenceKey(sequence) }, content))

const replaced = async (item: Item, content: Content): Promise<Item> =>
  written(await table.replace(item, item.version, content))

const done = (operation: string, units: number) => ({ operation, status: 200, units })

const REFUSED = { operation: 'PutItem', status: 400, units: undefined }

describe('what calls of the table cost, as test/fixtures/capacity.ts computes it', () => {
  it.each([
    [300, 1],
    [2_000, 2],
    [20_000, 16],
  ])('the record of %i bytes of lines is written for %i units', async (bytes, units) => {
    const row = rowOfItem(await create(1, segment(bytes)))
    expect(writeUnits(row)).toBe(units)
    expect(meter.consumed).toMatchObject([done('PutItem', units)])
  })

  it('a replaced item costs what the larger of both does, a removed one what it was', async () => {
    const [small, large] = [segment(300), segment(5_300)]
    const first = await create(1, small)
    const second = await replaced(first, large)
    const third = await replaced(second, small)
    expect((await table.remove(third, third.version)).done).toBe(true)
    const [one, many] = [writeUnits(rowOfItem(first)), writeUnits(rowOfItem(second))]
    expect([one, many]).toEqual([1, 5])
    expect(writeUnits(rowOfItem(second), rowOfItem(third))).toBe(many)
    expect(meter.consumed.map(({ units }) => units)).toMatchObject([one, many, many, one])
  })

  it('a refused write says itself what stands there, and not what it cost', async () => {
    const item = await create(1, segment(300))
    meter.forget()
    const write = await table.create(item, segment(5_000))
    expect(write).toMatchObject({ done: false, standing: { version: item.version } })
    // Dynalite leaves the item out of its refusal, so that it is asked for.
    const asked = IS_DYNALITE ? [done('GetItem', 1)] : []
    expect(meter.consumed).toMatchObject([REFUSED, ...asked])
  })

  it('a get costs by 4 KB begun, and one unit where nothing stands', async () => {
    const [small, large] = [await create(1, segment(300)), await create(2, segment(20_000))]
    meter.forget()
    for (const item of [small, large]) expect((await table.get(item))?.version).toBe(item.version)
    expect(await table.get({ partition, sort: 'nothing' })).toBeUndefined()
    const units = [[rowOfItem(small)], [rowOfItem(large)], []].map((rows) => readUnits(rows, true))
    expect(units).toEqual([1, 4, 1])
    expect(meter.consumed).toMatchObject(units.map((one) => done('GetItem', one)))
  })

  it('a list costs what its items come to together', async () => {
    const items: Item[] = []
    for (const bytes of [300, 2_000, 3_000]) items.push(await create(items.length, segment(bytes)))
    meter.forget()
    expect(await table.list(partition)).toHaveLength(items.length)
    expect(await table.list('nothing')).toEqual([])
    const units = readUnits(items.map(rowOfItem), true)
    expect(units).toBe(2)
    // AWS documents that a query which finds nothing costs the least that a read can, as a get
    // does, and readUnits says so; both engines let it pass for nothing.
    expect(readUnits([], true)).toBe(1)
    expect(meter.consumed).toMatchObject([done('Query', units), done('Query', 0)])
  })
})

/** Contents by the kind of value whose size they prove. */
const CONTENTS: [string, Content][] = [
  ['plain text', { data: { text: 'x' } }],
  ['Chinese text', { data: { text: '北京一局：3 项告警未恢复' } }],
  ['compressed data', { data: { text: noise(600) } }],
  ...[1_795_000_001, 1_795_000_000, 1_795_000_010, 1_795_123_456, 179_500_000].map(
    (seconds): [string, Content] => [
      `the expiry ${seconds}`,
      { data: {}, expiresAt: seconds * 1_000 },
    ],
  ),
]

describe('sizes of items, to the byte', () => {
  it.each(CONTENTS)('%s', async (name, content) => {
    const version = systemChance.token()
    const withOne = { ...content, bytes: new Uint8Array(1) }
    const rest = 1_024 - itemBytes(rowOf({ partition, sort: sequenceKey(1) }, withOne, version))
    await create(1, { ...content, bytes: new Uint8Array(1 + rest) })
    await create(2, { ...content, bytes: new Uint8Array(1 + rest + 1) })
    // Dynalite counts a text by its signs; each of Chinese takes three bytes.
    const units = IS_DYNALITE && name === 'Chinese text' ? [1, 1] : [1, 2]
    expect(meter.consumed.map((one) => one.units)).toMatchObject(units)
  })
})
