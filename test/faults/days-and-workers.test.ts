import { rename, rm, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { openSource } from '../../lib/backends/embedded.ts'
import type { Source } from '../../lib/fetch/source.ts'
import { collect, openAlarms, type Rounds, settle } from '../../lib/pipeline.ts'
import type { Day, Site } from '../../lib/site.ts'
import { ledgerPartition } from '../../lib/store/keys.ts'
import { addDays, daysFromTo } from '../../lib/time.ts'
import { folderSite } from '../fixtures/rounds-world.ts'
import { countsOf, inOrder, wholeUnits } from '../ledger/oracle.ts'
import {
  alarmLine,
  alarmLines,
  DAY,
  dayFilePath,
  type LedgerWorld,
  ledgerWorld,
  namesOf,
} from './ledger-world.ts'

/** Days that follow each other, and several workers over one state: whole rounds over SQLite. */

const feeds = { system: false, service: false }
const NEXT_DAY = '2026-11-11'

let world: LedgerWorld
afterEach(() => world.remove())

async function open(sites: object[] = [folderSite('s1', { feeds })]): Promise<void> {
  world = await ledgerWorld(() => ({ sites }))
}

const put = (text: string, day: Day = DAY, site = 's1') =>
  world.write(dayFilePath('alarm', site, day), text)

/** A round over what is due, which must tell no failure; what it added, by day. */
async function round(at: string): Promise<Record<Day, number>> {
  world.now = at
  const { files, failures } = await world.collect()
  expect(failures).toEqual([])
  return Object.fromEntries(files.map(({ day, lines }) => [day, lines]))
}

describe('days', () => {
  it('that were rotated while nothing ran are all read, oldest first (F07)', async () => {
    await open()
    await put(alarmLines(0, 10))
    expect(await round(`${DAY} 09:00:00`)).toEqual({ [DAY]: 10 })
    // Nothing runs for five days: the day grows on, and others come and end.
    await put(alarmLines(0, 30))
    const days = ['2026-11-11', '2026-11-12', '2026-11-13', '2026-11-14', '2026-11-15']
    for (const day of days) await put(alarmLines(0, 5), day)
    await world.restart()
    const added = await round('2026-11-15 09:00:00')
    const wanted = [[DAY, 20], ...days.map((day) => [day, 5])]
    expect(Object.entries(added)).toEqual(wanted)
    expect(await round('2026-11-15 09:05:00')).toEqual({})
  })

  it('begin at their first byte, however far the day before was read (F08)', async () => {
    await open()
    await put(alarmLines(0, 2000))
    expect(await round(`${DAY} 23:59:00`)).toEqual({ [DAY]: 2000 })
    await put(alarmLines(0, 1), NEXT_DAY)
    expect(await round(`${NEXT_DAY} 00:00:00`)).toEqual({ [NEXT_DAY]: 1 })
    expect(await world.heldOf('s1', 'alarm', NEXT_DAY)).toMatchObject({ generation: 0, lines: 1 })
  })

  it('are read on after midnight, for rows that come late (F69)', async () => {
    await open()
    await put(alarmLines(0, 10))
    await round(`${DAY} 23:55:00`)
    await put(alarmLines(0, 11))
    expect(await round(`${NEXT_DAY} 00:05:00`)).toEqual({ [DAY]: 1 })
    // Rows come until the site rotates at 01:00, and once more two days later.
    await put(alarmLines(0, 12))
    await put(alarmLines(0, 1), NEXT_DAY)
    expect(await round(`${NEXT_DAY} 01:00:00`)).toEqual({ [DAY]: 1, [NEXT_DAY]: 1 })
    await put(alarmLines(0, 13))
    expect(await round(`${NEXT_DAY} 01:59:00`)).toEqual({ [DAY]: 1 })
    await put(alarmLines(0, 14))
    expect(await round('2026-11-12 23:00:00')).toEqual({ [DAY]: 1 })
    expect(await round('2026-11-13 03:00:00')).toEqual({})
    expect((await world.heldOf()).stored.size).toBe(14)
  })

  it('whose file is rotated away at 01:00 keep every row that was seen (F69)', async () => {
    await open()
    await put(alarmLines(0, 10))
    await round(`${DAY} 23:55:00`)
    await put(alarmLines(0, 12))
    await put(alarmLines(50, 51), NEXT_DAY)
    await round(`${NEXT_DAY} 00:55:00`)
    const file = join(world.portals, dayFilePath())
    await rename(file, `${file}.1`)
    await put('')
    expect(await round(`${NEXT_DAY} 01:05:00`)).toEqual({})
    await rm(file)
    expect(await round(`${NEXT_DAY} 03:05:00`)).toEqual({})
    const held = await world.heldOf()
    expect(inOrder(held.stored)).toEqual(
      inOrder(countsOf(wholeUnits(Buffer.from(alarmLines(0, 12))))),
    )
  })

  it('of a leap year and at its end are days like others (F70)', async () => {
    await open()
    const days = ['2028-02-28', '2028-02-29', '2028-03-01', '2028-12-31', '2029-01-01']
    for (const [index, day] of days.entries()) {
      await put(alarmLines(index * 10, index * 10 + 4), day)
      expect(await round(`${day} 23:30:00`)).toEqual({ [day]: 4 })
      const { stored } = await world.heldOf('s1', 'alarm', day)
      expect(inOrder(stored)).toEqual(
        inOrder(countsOf(wholeUnits(Buffer.from(alarmLines(index * 10, index * 10 + 4))))),
      )
    }
  })

  it('of tomorrow are read when they begin, a second file beside never (F70)', async () => {
    const kiribati = folderSite('s1', { feeds, timeZone: 'Pacific/Kiritimati' })
    await open([kiribati, folderSite('s2', { feeds })])
    for (const site of ['s1', 's2']) {
      await put(alarmLines(0, 2, site), DAY, site)
      await put(alarmLines(0, 3, site), NEXT_DAY, site)
      await world.write(`${dayFilePath('alarm', site)}.1`, alarmLines(50, 60, site))
    }
    // Kiritimati is six hours before Beijing: there it is tomorrow at 18:00 already.
    world.now = `${DAY} 18:30:00`
    const { files } = await world.collect()
    expect(files.map(({ site, day, lines }) => [site, day, lines])).toEqual([
      ['s1', DAY, 2],
      ['s1', NEXT_DAY, 3],
      ['s2', DAY, 2],
    ])
    expect(await round(`${NEXT_DAY} 00:00:00`)).toEqual({ [NEXT_DAY]: 3 })
  })

  it('that are loaded twice by hand add nothing the second time (F19)', async () => {
    await open()
    await put(alarmLines(0, 20))
    world.now = '2026-11-20 12:00:00'
    const backfill = () => world.collect({ day: DAY, via: 'backfill' })
    expect((await backfill()).totals.lines).toBe(20)
    expect(await backfill()).toMatchObject({ files: [], totals: { lines: 0 }, failures: [] })
    // The command says so, too.
    const { stderr, stdout, exitCode } = await world.cli('backfill', '--day', DAY)
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    expect(stdout).toMatch(/nothing new|no new|0 lines/i)
    expect((await world.heldOf()).lines).toBe(20)
  })
})

describe('state', () => {
  it('of days kept no longer leaves the table, and stays in the archive (F17)', async () => {
    const retention = { keepDays: 10, settleAfterDays: 2 }
    world = await ledgerWorld(() => ({ retention, sites: [folderSite('s1', { feeds })] }))
    const { table } = world.rounds
    const itemsOf = (day: Day) => table.list(ledgerPartition('s1', 'alarm', day))
    const days = daysFromTo(DAY, addDays(DAY, 30))
    for (const [index, day] of days.entries()) {
      await put(alarmLines(0, 3), day)
      await round(`${day} 12:00:00`)
      await put(alarmLines(0, 5), day)
      await round(`${day} 23:00:00`)
      expect((await settle(world.rounds)).failures).toEqual([])
      // Of old days the last record stays, which says where the archive has the others.
      for (const old of days.slice(0, Math.max(0, index - 12))) {
        expect(await itemsOf(old)).toMatchObject([{ data: { kind: 'close' } }])
      }
    }
    expect((await itemsOf(days.at(-2)!)).length).toBeGreaterThan(2)
    expect((await world.heldOf()).lines).toBe(5)
  })
})

describe('sites', () => {
  it('that leave the configuration for a while keep their place (F14)', async () => {
    const [a, b] = [folderSite('s1', { feeds }), folderSite('s2', { feeds })]
    await open([a, b])
    await put(alarmLines(0, 10, 's1'), DAY, 's1')
    await put(alarmLines(0, 10, 's2'), DAY, 's2')
    await round(`${DAY} 09:00:00`)
    await world.configure({ sites: [a] })
    await world.restart()
    await put(alarmLines(0, 11, 's1'), DAY, 's1')
    expect(await round(`${DAY} 10:00:00`)).toEqual({ [DAY]: 1 })
    await world.configure({ sites: [a, b] })
    await world.restart()
    const { records } = await world.heldOf('s2')
    expect(await round(`${DAY} 11:00:00`)).toEqual({})
    expect(await world.heldOf('s2')).toMatchObject({ records, lines: 10, generation: 0 })
  })
})

/** A site whose bodies wait before each chunk until the test lets them go on. */
function held(until: () => Promise<void>): (site: Site) => Source {
  return ({ source }) => {
    const inner = openSource(source)
    async function* slow(chunks: AsyncIterable<Uint8Array>) {
      for await (const chunk of chunks) {
        await until()
        yield chunk
      }
    }
    return {
      ...inner,
      async read(path, from) {
        const answer = await inner.read(path, from)
        return answer.kind === 'body' ? { ...answer, chunks: slow(answer.chunks) } : answer
      },
    }
  }
}

/** A round of this back end over the day. */
const roundOf = (rounds: Rounds) => collect(rounds, { via: 'round', range: { from: DAY, to: DAY } })

describe('several workers', () => {
  it('have one ledger of a file between them, and share its lines (F15)', async () => {
    await open()
    await put(alarmLines(0, 3000))
    const others = [world.another(), world.another(), world.another()]
    const all = await Promise.all([world.rounds, ...others].map(roundOf))
    expect(all.flatMap(({ failures }) => failures)).toEqual([])
    expect(all.reduce((sum, { totals }) => sum + totals.lines, 0)).toBe(3000)
    const { stored, lines, generation } = await world.heldOf()
    expect(inOrder(stored)).toEqual(inOrder(countsOf(wholeUnits(Buffer.from(alarmLines(0, 3000))))))
    expect({ lines, generation }).toEqual({ lines: 3000, generation: 0 })
    for (const other of others) await other.close()
  })

  it('of which one sleeps while the others go on lose and double nothing (F16)', async () => {
    await open()
    await put(alarmLines(0, 100))
    let wake = () => {}
    let asleep = () => {}
    const sleeps = new Promise<void>((resolve) => {
      asleep = resolve
    })
    const wakes = new Promise<void>((resolve) => {
      wake = resolve
    })
    const other = world.another()
    const openSlow = held(() => {
      asleep()
      return wakes
    })
    const zombie = roundOf({ ...other, openSource: openSlow })
    await sleeps
    // Meanwhile the file grows, is read, is written anew, and is read again.
    await put(alarmLines(0, 110))
    expect((await world.collect({ day: DAY })).totals.lines).toBe(110)
    await put(alarmLines(500, 520))
    expect((await world.collect({ day: DAY })).totals.lines).toBe(20)
    wake()
    expect((await zombie).failures).toEqual([])
    const { stored, newest } = await world.heldOf()
    const wanted = countsOf(wholeUnits(Buffer.from(alarmLines(0, 110) + alarmLines(500, 520))))
    expect(inOrder(stored)).toEqual(inOrder(wanted))
    expect(newest.toString()).toBe(alarmLines(500, 520))
    expect((await world.collect({ day: DAY })).totals.lines).toBe(0)
    await other.close()
  })
})

describe('a file that vanishes while it is read', () => {
  it('leaves its whole lines, and alarms that nobody sees do not expire (F18)', async () => {
    await open()
    const text = alarmLines(0, 3000)
    await put(text)
    const file = join(world.portals, dayFilePath())
    let first = true
    const openCut = held(async () => {
      if (first) await truncate(file, 100_000)
      first = false
    })
    const cut = await roundOf({ ...world.rounds, openSource: openCut })
    expect(cut.failures.map(({ error }) => error.code)).toEqual(['cut-body'])
    const { newest, readings } = await world.heldOf()
    expect(newest.length).toBeGreaterThan(60_000)
    expect(newest.length).toBeLessThan(100_001)
    expect(text.startsWith(newest.toString())).toBe(true)
    expect(newest.at(-1)).toBe(10)
    await rm(file)
    world.now = `${DAY} 13:00:00`
    await world.collect({ day: DAY })
    expect((await world.heldOf()).newest.equals(newest)).toBe(true)
    const [site] = world.rounds.settings.sites
    const atMs = Date.parse('2026-11-14T12:00:00+08:00')
    const open_ = await openAlarms(world.rounds, site!, atMs)
    expect(open_.map(({ name }) => name).sort()).toEqual(namesOf(readings).sort())
  })
})

describe('clocks', () => {
  it('of a site that run a day ahead make alarms that stand, and recover (F66)', async () => {
    await open()
    const late = { raised: '2026-11-11 15:00:00' }
    await put(alarmLine('ahead', late))
    await round(`${DAY} 12:00:00`)
    const [site] = world.rounds.settings.sites
    const now = () => world.rounds.clock.now()
    expect(await openAlarms(world.rounds, site!, now())).toMatchObject([{ name: 'ahead' }])
    const ended = alarmLine('ahead', { ...late, ended: '2026-11-11 15:10:00' })
    await put(alarmLine('ahead', late) + ended)
    await round(`${DAY} 12:10:00`)
    expect(await openAlarms(world.rounds, site!, now())).toEqual([])
  })

  it('of ours that jump back lose nothing and double nothing (F67)', async () => {
    await open()
    await put(alarmLines(0, 10))
    expect(await round(`${NEXT_DAY} 12:00:00`)).toEqual({ [DAY]: 10 })
    await put(alarmLines(0, 15))
    expect(await round(`${DAY} 11:00:00`)).toEqual({ [DAY]: 5 })
    await put(alarmLines(0, 20))
    await put(alarmLines(90, 92), NEXT_DAY)
    expect(await round('2026-11-01 00:00:00')).toEqual({})
    expect(await round(`${NEXT_DAY} 12:05:00`)).toEqual({ [DAY]: 5, [NEXT_DAY]: 2 })
    const { lines, readings } = await world.heldOf()
    expect(lines).toBe(20)
    expect(namesOf(readings)).toEqual(Array.from({ length: 20 }, (_, n) => `A-${n}`))
  })
  it('of ours that were 30 days ahead for one round lose no day after it (F67)', async () => {
    await open()
    const paced = { paced: true }
    const linesAt = async (time: string) => {
      world.now = time
      return (await world.collect(paced)).totals.lines
    }
    await put(alarmLines(0, 10))
    expect(await linesAt(`${DAY} 12:00:00`)).toBe(10)
    expect(await linesAt('2026-12-10 12:00:00')).toBe(0)
    await put(alarmLines(0, 11))
    expect(await linesAt(`${DAY} 12:10:00`)).toBe(1)
    for (const [index, day] of [NEXT_DAY, '2026-11-12', '2026-11-13'].entries()) {
      await put(alarmLines(20 + index, 21 + index), day)
      expect(await linesAt(`${day} 12:00:00`)).toBe(1)
    }
  })
})
