import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { collect, notify, type Rounds } from '../../lib/pipeline.ts'
import { systemChance } from '../../lib/random.ts'
import { dynamodbTable } from '../../lib/store/dynamodb.ts'
import { rowOf } from '../../lib/store/dynamodb-row.ts'
import type { Table } from '../../lib/store/table.ts'
import { HOUR_MS, MINUTE_MS } from '../../lib/time.ts'
import { writeUnits } from '../fixtures/capacity.ts'
import { type CapacityMeter, capacityMeter } from '../fixtures/capacity-meter.ts'
import {
  type DynamodbServer,
  dynamodbServer,
  LOCAL,
  stateTable,
} from '../fixtures/dynamodb-server.ts'
import { realWeekFiles } from '../fixtures/real-week.ts'
import { folderSite, newWorld, type World } from '../fixtures/rounds-world.ts'

/**
 * What a round over one site costs at DynamoDB, counted on the wire: the busiest site of the real
 * week, with a round every five minutes, first while its files grow, then while nothing is new.
 */

const DAY = '20261110'
const BEGIN_MS = Date.parse('2026-11-10T08:00:00+08:00')
const ROUND_MS = 5 * MINUTE_MS

/** What one round did. */
interface Counted {
  reads: number
  writes: number
  readUnits: number
  writeUnits: number
  /** Write units of new records of the ledger: they grow with what is new. */
  ownUnits: number
  lines: number
  mails: number
}

let world: World
let server: DynamodbServer
let meter: CapacityMeter
let table: Table
let rounds: Rounds & { close(): Promise<void> }
let nowMs = BEGIN_MS
let ownUnits = 0
let growing: Counted[]
let quiet: Counted[]

/** The site's files as they were at this time of the day: some share of them. */
async function grow(): Promise<void> {
  const share = (nowMs - Date.parse('2026-11-10T00:00:00+08:00')) / (24 * HOUR_MS)
  for (const [path, bytes] of realWeekFiles()) {
    if (!path.startsWith('bj01/') || !path.includes(DAY)) continue
    await world.write(path, bytes.subarray(0, Math.floor(bytes.length * share)))
  }
}

async function round(): Promise<Counted> {
  meter.forget()
  ownUnits = 0
  const behind = await collect(rounds, { via: 'round', paced: true })
  const { sent } = await notify(rounds, { behind })
  const sum = (isWrite: boolean) => {
    const own = meter.consumed.filter(({ operation }) => /Put|Delete/.test(operation) === isWrite)
    return [own.length, own.reduce((all, { units }) => all + (units ?? 0), 0)] as const
  }
  const [reads, readUnits] = sum(false)
  const [writes, allUnits] = sum(true)
  const { lines } = behind.totals
  return { reads, writes, readUnits, writeUnits: allUnits, ownUnits, lines, mails: sent.length }
}

async function roundsEvery(count: number, before: () => Promise<void>): Promise<Counted[]> {
  const counted: Counted[] = []
  for (let nth = 0; nth < count; nth += 1) {
    nowMs += ROUND_MS
    await before()
    counted.push(await round())
  }
  return counted
}

const mean = (all: readonly number[]) => all.reduce((sum, one) => sum + one, 0) / all.length

beforeAll(async () => {
  server = await dynamodbServer()
  meter = await capacityMeter(server.url)
  await server.createTable(stateTable('state'))
  const real = dynamodbTable('state', systemChance, { ...LOCAL, endpoint: meter.url })
  table = {
    ...real,
    create(key, content) {
      if (key.partition.startsWith('ledger#')) ownUnits += writeUnits(rowOf(key, content, TOKEN))
      return real.create(key, content)
    },
  }
  world = await newWorld()
  const sites = [folderSite('bj01', { recipients: ['ops@example.com'] })]
  await world.configure({ sites, retention: { keepDays: 35 } })
  rounds = { ...world.open({ now: () => nowMs }), table, foldLater: true }
  await grow()
  await round()
  growing = await roundsEvery(24, grow)
  await roundsEvery(4, async () => undefined)
  quiet = await roundsEvery(36, async () => undefined)
}, 60_000)
afterAll(async () => {
  await rounds.close()
  await table.close()
  await meter.close()
  await server.close()
  await world.remove()
})

/** As long as a version is. */
const TOKEN = systemChance.token()

describe('a round of five minutes over one site', () => {
  it('with nothing new makes two reads, and a write every fifth time at most', () => {
    expect(Math.max(...quiet.map(({ reads }) => reads))).toBe(2)
    expect(Math.max(...quiet.map(({ readUnits }) => readUnits))).toBe(2)
    expect(mean(quiet.map(({ writes }) => writes))).toBeLessThanOrEqual(0.2)
  })

  it('with new lines takes three write units more than its segments, on the average', () => {
    const usual = growing.filter(({ mails }) => mails === 0)
    expect(usual.length).toBeGreaterThan(10)
    for (const one of usual) expect(one.lines).toBeGreaterThan(0)
    const more = usual.map((one) => one.writeUnits - one.ownUnits)
    const told = [mean(more), mean(usual.map(({ reads }) => reads))].map((one) => one.toFixed(2))
    console.log(`${told[0]} write units beyond the segments’, ${told[1]} reads`)
    expect(mean(more)).toBeLessThanOrEqual(3)
  })
})
