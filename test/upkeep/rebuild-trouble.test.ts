import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { bookOf } from '../../lib/alarms/book.ts'
import { notify } from '../../lib/pipeline.ts'
import { ledgerPartition } from '../../lib/store/keys.ts'
import { rebuild } from '../../lib/upkeep/rebuild.ts'
import { builtProgram } from '../fixtures/built-program.ts'
import { startProgram } from '../fixtures/cli-process.ts'
import { folderSite, type World } from '../fixtures/rounds-world.ts'
import { changeComputed, loseComputed } from './computed.ts'
import { killedAt } from './killed.ts'
import { copied, round, stateOf } from './lived-week.ts'
import { lineOf, SETTLED_FILE, type SettledDay, settledDay } from './settled-day.ts'

/** A rebuild of one settled day that dies, or that finds what it cannot compute with. */

let settled: SettledDay

beforeEach(async () => {
  settled = await settledDay()
  await round(settled.rounds)
})

afterEach(async () => {
  await settled.rounds.close()
  await settled.world.remove()
})

/** Every fourth operation: all of them, with two rebuilds each, take minutes on a slow disk. */
const EACH = 4

describe('a rebuild that is killed', () => {
  it('at one of its operations harms no round, and run again comes to the same', async () => {
    const { world, rounds } = settled
    const before = await stateOf(world)
    expect(Object.keys(before).filter((path) => path.startsWith('outbox/'))).toHaveLength(1)
    const without = (state: object) =>
      // What is in a Parquet file is not known until the next settling or rebuild; the calendar is
      // made with the next page of a day. The files themselves stand as they were.
      Object.entries(state).filter(([name]) => !/parquet#|calendar/.test(name))
    let operations = 0
    for (let killed = true; killed; operations += EACH) {
      killed = await killedAt(rounds, operations, rebuild)
      await round(rounds)
      expect({ operations, state: without(await stateOf(world)) }).toEqual({
        operations,
        state: without(before),
      })
      await loseComputed(world)
      await killedAt(rounds, operations, rebuild)
      expect((await rebuild(rounds)).failures).toEqual([])
      expect(await stateOf(world)).toEqual(before)
    }
    expect(operations).toBeGreaterThan(30)
    expect((await notify(rounds)).sent).toEqual([])
  }, 120_000)

  it('as a real process and is run again comes to the same', async () => {
    const { world, rounds } = settled
    await rounds.close()
    const whole = await copied(world)
    const program = await builtProgram()
    const start = ({ folder }: World) => startProgram(folder, ['rebuild'], program)
    const beganMs = performance.now()
    expect(await start(whole).ended).toMatchObject({ exitCode: 0 })
    const wholeMs = performance.now() - beganMs
    await loseComputed(world)
    let killed = 0
    for (const share of [0.3, 0.45, 0.6, 0.75]) {
      const { process, ended } = start(world)
      await sleep(share * wholeMs)
      process.kill('SIGKILL')
      if ((await ended).signal === 'SIGKILL') killed += 1
    }
    expect(killed).toBeGreaterThan(0)
    expect(await start(world).ended).toMatchObject({ exitCode: 0 })
    expect(await stateOf(world)).toEqual(await stateOf(whole))
    await whole.remove()
    settled = await settledDay()
  }, 60_000)
})

describe('a rebuild', () => {
  it('keeps the figures of a day whose ledger is damaged, and says which', async () => {
    const { world, rounds } = settled
    const before = await stateOf(world)
    const { site, feed, day } = SETTLED_FILE
    const partition = ledgerPartition(site, feed, day)
    const database = new DatabaseSync(join(world.folder, 'var', 'state.db'))
    database.prepare("UPDATE items SET data = data || ' ' WHERE partition = ?").run(partition)
    database.close()
    changeComputed(world, (item) => (item.partition.startsWith('days#') ? item : undefined))
    const { failures, changed } = await rebuild(rounds)
    expect(failures[0]).toMatchObject({ site, day, error: { code: 'item-damaged' } })
    expect(changed.filter(({ what }) => what === 'figures')).toEqual([])
    const key = `days#a / ${day}`
    expect((await stateOf(world))[key]).toBe(before[key])
  })

  it('removes figures and pages that nothing comes to', async () => {
    const { world, rounds } = settled
    const before = await stateOf(world)
    for (const partition of ['days#a', 'pages#a']) {
      const { data } = (await rounds.table.list(partition))[0]!
      await rounds.table.create({ partition, sort: '2026-11-05' }, { data })
    }
    const file = { site: 'a', day: '2026-11-05' }
    const { changed } = await rebuild(rounds)
    expect(changed).toContainEqual({ what: 'figures', ...file })
    expect(changed).toContainEqual({ what: 'pages', ...file })
    expect(await stateOf(world)).toEqual(before)
  })

  it('follows settings that were changed; run again it changes nothing', async () => {
    const { world, rounds } = settled
    const line = 'a|1|2|3|4|5|6|7|2026-11-10 00:10:00\n'
    await world.write('a/sys_service/system_service_20261110.txt', line)
    const under = async (countsOf: string) => {
      const site = folderSite('a', { feeds: { service: { countsOf } } })
      await world.configure({ sites: [site], report: { languages: ['en'] } })
      return world.open(rounds.clock)
    }
    const first = await under('dayBefore')
    await round(first)
    await first.close()
    // The counts are of a day of which nothing else is known: it has a page.
    expect(await stateOf(world)).toHaveProperty(['pages#a / 2026-11-09'])
    const second = await under('fileDay')
    expect(await rebuild(second)).toMatchObject({ failures: [] })
    const after = await stateOf(world)
    expect(after).not.toHaveProperty(['pages#a / 2026-11-09'])
    expect((await rebuild(second)).changed).toEqual([])
    expect(await stateOf(world)).toEqual(after)
    await second.close()
  })

  it('makes a book of many parts anew when one of them is damaged or gone', async () => {
    const { world, rounds, read } = settled
    // What cannot be compressed: the open alarms of this book fill several items.
    const many = Array.from({ length: 8_000 }, (_, number) =>
      lineOf(number % 60).replace('链路中断', randomBytes(40).toString('base64url')),
    )
    await read(`${many.map((line, at) => line.replace(/X-\d+/, `Y-${at}`)).join('\n')}\n`)
    const { open } = await bookOf(rounds.table, 'a')
    expect(open.length).toBeGreaterThan(8_000)
    const before = await stateOf(world)
    for (const change of ['damaged', 'gone']) {
      const parts = changeComputed(world, (item) => {
        if (!item.sort.startsWith('book#')) return item
        return change === 'gone' ? undefined : { ...item, bytes: randomBytes(9) }
      })
      expect(parts).toBeGreaterThan(3)
      expect((await rebuild(rounds)).changed).toContainEqual({ what: 'alarms', site: 'a' })
      const books = (state: object) =>
        Object.entries(state).filter(([name]) => name.startsWith('alarms#'))
      expect(books(await stateOf(world))).toEqual(books(before))
      expect(books(before).length).toBeGreaterThan(2)
    }
    expect((await bookOf(rounds.table, 'a')).open).toEqual(open)
  }, 60_000)
})
