import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { systemChance } from '../../lib/random.ts'
import { dynamodbTable } from '../../lib/store/dynamodb.ts'
import type { Table } from '../../lib/store/table.ts'
import { tableContract } from '../contracts/table.ts'
import {
  type DynamodbServer,
  dynamodbServer,
  LOCAL,
  stateTable,
} from '../fixtures/dynamodb-server.ts'
import type { Fault } from '../fixtures/fault-proxy.ts'

const KEY = { partition: 'p', sort: '1' }

/** Begins the names of all tables: an engine may hold those of another run. */
const RUN = randomUUID()

let server: DynamodbServer
let tables = 0

beforeAll(async () => {
  server = await dynamodbServer()
})
afterAll(() => server.close())
afterEach(() => server.proxy.plan())

async function newTable(): Promise<string> {
  const name = `${RUN}-${++tables}`
  await server.createTable(stateTable(name))
  return name
}

const open = (name: string, config = {}): Table =>
  dynamodbTable(name, systemChance, { ...LOCAL, endpoint: server.url, ...config })

describe('dynamodb', () => {
  tableContract(async () => open(await newTable()))

  it('lists more than one answer can hold, in order, either way', async () => {
    const table = open(await newTable())
    const sorts = Array.from({ length: 8 }, (_, n) => String(n))
    for (const sort of sorts) {
      await table.create({ partition: 'p', sort }, { data: { sort }, bytes: Buffer.alloc(300_000) })
    }
    server.proxy.forget()
    expect((await table.list('p')).map(({ sort }) => sort)).toEqual(sorts)
    // Two answers from DynamoDB Local, where one ends behind the item with which it is full; more
    // from dynalite, where it ends before.
    expect(server.proxy.passed.length).toBeGreaterThan(1)
    const range = { descending: true, limit: 5 }
    expect((await table.list('p', range)).map(({ sort }) => sort)).toEqual([
      '7',
      '6',
      '5',
      '4',
      '3',
    ])
    expect(await table.list('p', { from: '5', to: '4' })).toEqual([])
    await table.close()
  })

  it('gives data back as it was, in the order of its fields, however long it is', async () => {
    const table = open(await newTable())
    const days = Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`${99 - n}-day`, n]))
    const data = { z: '巡点', a: days, '10': 1, b: { d: 1, c: 2 } }
    await table.create(KEY, { data })
    expect(JSON.stringify((await table.get(KEY))?.data)).toBe(JSON.stringify(data))
    const written = server.proxy.passed.find(({ target }) => target.endsWith('PutItem'))
    expect(written!.bytes).toBeLessThan(JSON.stringify(data).length)
    await table.close()
  })

  it('keeps an item to the full second behind its time', async () => {
    const table = open(await newTable())
    await table.create(KEY, { data: {}, expiresAt: 1_000_000_000_001 })
    expect((await table.get(KEY))?.expiresAt).toBe(1_000_000_001_000)
    await table.close()
  })

  it('tells an item that somebody has changed by hand', async () => {
    const name = await newTable()
    await server.putItem(name, { p: { S: 'p' }, s: { S: '1' }, v: { S: 'x' }, d: { S: '{"n":' } })
    await expect(open(name).get(KEY)).rejects.toMatchObject({
      code: 'item-damaged',
      item: { ...KEY, version: 'x' },
    })
  })
})

function refusal(name: string): Fault {
  const body = JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${name}` })
  return { status: 400, body }
}

const THROTTLED = refusal('ThrottlingException')

/** Makes the first `count` writes fail in this way. */
function failWrites(fault: Fault, count = 1): void {
  let failed = 0
  server.proxy.plan(({ target }) => {
    if (!/PutItem|DeleteItem/.test(target) || failed >= count) return undefined
    failed += 1
    return fault
  })
}

describe('dynamodb, when the network or the service fails', () => {
  it.each<[string, Fault]>([
    ['is throttled', THROTTLED],
    ['is answered with 500', { status: 500, body: '{"__type":"InternalServerError"}' }],
    ['is cut before the service hears of it', 'cut-before'],
    ['is cut when the write took place', 'cut-after'],
  ])('a write that %s is made, and reported as done', async (_, fault) => {
    const table = open(await newTable())
    failWrites(fault, 2)
    const created = await table.create(KEY, { data: { n: 1 } })
    expect(created).toMatchObject({ done: true, item: { data: { n: 1 } } })
    failWrites(fault, 2)
    const version = created.done ? created.item.version : ''
    const replaced = await table.replace(KEY, version, { data: { n: 2 } })
    expect(replaced).toMatchObject({ done: true, item: { data: { n: 2 } } })
    expect(await table.get(KEY)).toEqual(replaced.done && replaced.item)
    await table.close()
  })

  it('one of many that lose their answers wins all the same, and only one', async () => {
    const name = await newTable()
    let nth = 0
    server.proxy.plan(({ target }) => {
      if (!target.endsWith('PutItem')) return undefined
      nth += 1
      return nth % 3 === 0 ? 'cut-after' : undefined
    })
    const tables = Array.from({ length: 10 }, () => open(name))
    const writes = await Promise.all(tables.map((table, n) => table.create(KEY, { data: { n } })))
    const winners = writes.filter(({ done }) => done)
    expect(winners).toHaveLength(1)
    const standing = await tables[0]!.get(KEY)
    for (const write of writes) expect(write.done ? write.item : write.standing).toEqual(standing)
    for (const table of tables) await table.close()
  })

  it.each<[string, Fault, object]>([
    ['is throttled on and on', THROTTLED, { code: 'table-busy', class: 'retry' }],
    ['is never answered well', { status: 500 }, { code: 'table-down', class: 'retry' }],
    ['is not allowed', refusal('AccessDeniedException'), { code: 'table-refused', class: 'stop' }],
    [
      'has expired keys',
      refusal('ExpiredTokenException'),
      { code: 'table-refused', class: 'stop' },
    ],
  ])('what %s fails with a way out', async (_, fault, told) => {
    const table = open(await newTable(), { maxAttempts: 2 })
    server.proxy.plan(() => fault)
    await expect(table.get(KEY)).rejects.toMatchObject({
      ...told,
      hint: expect.stringMatching(/./),
    })
    await expect(table.list('p')).rejects.toMatchObject(told)
    await expect(table.create(KEY, { data: {} })).rejects.toMatchObject(told)
    await table.close()
  })

  it('a table that is not there is told, and not taken for an empty one', async () => {
    const told = { code: 'table-missing', class: 'stop' }
    await expect(open('no-such-table').get(KEY)).rejects.toMatchObject(told)
  })
})
