import { readdirSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { notify } from '../../lib/pipeline.ts'
import { compactDay, MINUTE_MS, Zone } from '../../lib/time.ts'
import { rebuild } from '../../lib/upkeep/rebuild.ts'
import type { Changed } from '../../lib/upkeep/rebuilt.ts'
import { REAL_ZONE } from '../fixtures/real-week.ts'
import type { World } from '../fixtures/rounds-world.ts'
import { changeComputed, loseComputed, wrongData } from './computed.ts'
import { killedAt } from './killed.ts'
import { copied, LATE_DAY, type LivedWeek, livedWeek, round, stateOf } from './lived-week.ts'

let week: LivedWeek
let before: Record<string, string>
const worlds: World[] = []

beforeAll(async () => {
  week = await livedWeek()
  before = await stateOf(week.world)
}, 120_000)

afterEach(async () => {
  for (const world of worlds.splice(0)) await world.remove()
})

afterAll(() => week.world.remove())

async function copy(): Promise<World> {
  const world = await copied(week.world)
  worlds.push(world)
  return world
}

const atEnd = { now: () => week.endMs }

/** Rebuilds, and says what it did; a round after it finds that nothing is to be mailed. */
async function rebuilt(world: World) {
  const rounds = world.open(atEnd)
  const done = await rebuild(rounds)
  const { sent, waiting } = await notify(rounds)
  await rounds.close()
  return { ...done, sent, waiting }
}

describe('the week that was lived', () => {
  it('has all that makes a rebuild hard', async () => {
    const items = Object.keys(before)
    const database = new DatabaseSync(join(week.world.folder, 'var', 'state.db'))
    const of = (where: string) =>
      database.prepare(`SELECT COUNT(*) AS count FROM items WHERE ${where}`).get()!.count as number
    // Day files of which only the archive has the records, and the table only the close record.
    const bare = database
      .prepare(
        `SELECT partition FROM items WHERE partition LIKE 'ledger#%' GROUP BY partition
         HAVING COUNT(*) = 1 AND MIN(sort) > '00000001'`,
      )
      .all()
    expect(bare.length).toBeGreaterThan(5)
    expect(of(`data LIKE '%"kind":"segment"%' AND data LIKE '%"generation":1%'`)).toBeGreaterThan(2)
    expect(of("partition LIKE 'notices#%'")).toBe(3)
    database.close()
    expect(items.filter((path) => path.startsWith('outbox/')).length).toBeGreaterThan(10)
    expect(items.filter((path) => path.startsWith('archive/parquet/')).length).toBeGreaterThan(20)
    // The day that was opened again has the archives of both of its settlings.
    const late = join(week.world.folder, 'var/archive/ledger/alarm', LATE_DAY, 'bj01')
    expect(readdirSync(late)).toHaveLength(2)
  })
})

describe('rebuild', () => {
  it('computes all that stands, to the byte, and writes every file anew', async () => {
    const world = await copy()
    const files = (part: string) => Object.keys(before).filter((path) => path.startsWith(part))
    const [parquet, pages] = [files('archive/parquet/').length, files('site/').length]
    expect(await rebuilt(world)).toEqual({
      ...{ sites: 3, days: 30, changed: [], parquet, failures: [], sent: [], waiting: 0 },
      // What the theme of the pages is made of stands beside them.
      pages: expect.any(Number),
    })
    expect(pages).toBeGreaterThan(24)
    expect(await stateOf(world)).toEqual(before)
  }, 60_000)

  it('brings back all that is computed when it is gone, and mails nothing', async () => {
    const world = await copy()
    const lost = await loseComputed(world)
    const { changed, failures, sent, waiting } = await rebuilt(world)
    expect({ failures, sent, waiting }).toEqual({ failures: [], sent: [], waiting: 0 })
    expect(changed).toHaveLength(lost)
    expect(await stateOf(world)).toEqual(before)
  }, 60_000)

  it('puts right what a disk has damaged, and what is wrong and yet has a right sum', async () => {
    const world = await copy()
    let number = 0
    const wrong = changeComputed(world, (item) => {
      number += 1
      if (number % 2) return { ...item, data: item.data.replace('"format":', '"format":1') }
      // A version without a sum, as the first release wrote them: nothing proves this item.
      return { ...item, version: 'token', data: JSON.stringify(wrongData(item)) }
    })
    await writeFile(join(world.folder, 'var/site/index.html'), 'wrong')
    const { changed, failures, sent } = await rebuilt(world)
    expect({ failures, sent }).toEqual({ failures: [], sent: [] })
    expect(changed).toHaveLength(wrong)
    expect(await stateOf(world)).toEqual(before)
  }, 60_000)

  it('leaves what a newer release wrote, tells it, and computes the rest', async () => {
    const world = await copy()
    const key = `days#gz02 / ${LATE_DAY}`
    changeComputed(world, (item) => {
      if (`${item.partition} / ${item.sort}` !== key) return undefined
      return { ...item, version: 'token', data: item.data.replace('"format":1', '"format":9') }
    })
    const { changed, failures } = await rebuilt(world)
    expect(failures).toMatchObject([
      { site: 'gz02', day: LATE_DAY, error: { code: 'newer-item' } },
      // Nothing that lists the days of this site can go on.
      { site: 'gz02', error: { code: 'day-format' } },
      { site: 'gz02', error: { code: 'day-format' } },
    ])
    const days = Object.keys(before).filter((name) => name.startsWith('days#'))
    expect(changed.filter(({ what }) => what === 'figures')).toHaveLength(days.length - 1)
    const after = await stateOf(world)
    expect(after[key]).toContain('"format":9')
    const others = (state: Record<string, string>) =>
      Object.entries(state).filter(([name]) => /(bj01|sh03)/.test(name))
    expect(Object.fromEntries(others(after))).toEqual(Object.fromEntries(others(before)))
  }, 60_000)

  it('killed on its way and run again comes to the same', async () => {
    const world = await copy()
    await loseComputed(world)
    for (const operations of [30, 90, 150]) {
      const rounds = world.open(atEnd)
      expect(await killedAt(rounds, operations, rebuild)).toBe(true)
      await rounds.close()
    }
    const { failures, sent } = await rebuilt(world)
    expect({ failures, sent }).toEqual({ failures: [], sent: [] })
    expect(await stateOf(world)).toEqual(before)
  }, 60_000)

  it('beside rounds loses nothing of what they bring', async () => {
    const [alone, beside] = [await copy(), await copy()]
    await grow(alone, async () => {})
    let changed: Changed[] = []
    await grow(beside, async (rounds) => {
      const done = await rebuild(rounds)
      expect(done.failures).toEqual([])
      changed = done.changed
    })
    expect(changed).not.toEqual([])
    expect(await stateOf(beside)).toEqual(await stateOf(alone))
  }, 60_000)
})

/** Ten rounds five minutes apart, each with new lines, and others at work meanwhile. */
async function grow(
  world: World,
  meanwhile: (rounds: ReturnType<World['open']>) => Promise<void>,
): Promise<void> {
  let nowMs = week.endMs
  const clock = { now: () => nowMs }
  const [rounds, others] = [world.open(clock), world.open(clock)]
  const zone = new Zone(REAL_ZONE)
  const day = zone.dayOf(nowMs)
  const work = meanwhile(others)
  let lines = ''
  for (let turn = 0; turn < 10; turn += 1) {
    nowMs += 5 * MINUTE_MS
    const time = zone.textOf(nowMs)
    lines += `bj01|NEW-${turn}|n1|new|${time}||${time}\n`
    await world.write(`bj01/sys_alarm/system_alarm_${compactDay(day)}.txt`, lines)
    await round(rounds)
  }
  await work
  await round(rounds)
  await rounds.close()
  await others.close()
}
