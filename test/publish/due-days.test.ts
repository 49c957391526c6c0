import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { collect, type Rounds, report, settle } from '../../lib/pipeline.ts'
import { pagesPartition } from '../../lib/store/keys.ts'
import type { Range, Table } from '../../lib/store/table.ts'
import { addDays, compactDay, DAY_MS, HOUR_MS } from '../../lib/time.ts'
import { folderSite, newWorld, type World } from '../fixtures/rounds-world.ts'

/** What a report looks at and writes: it must follow what is new, not what is there. */

const TODAY = '2026-11-20'
const FIRST = '2026-11-08'
const AT_MS = Date.parse(`${TODAY}T10:00:00+08:00`)

let world: World
let nowMs: number
let rounds: Rounds & { close(): Promise<void> }
/** Ranges of pages that were listed, and partitions of ledgers that were. */
let listed: { pages: Range[]; ledgers: Set<string> }

beforeEach(async () => {
  nowMs = AT_MS
  world = await newWorld()
  await world.configure({ sites: [folderSite('a')] })
  const opened = world.open({ now: () => nowMs })
  rounds = { ...opened, table: watched(opened.table) }
  for (let day = FIRST; day < TODAY; day = addDays(day, 1)) await write(day, [line(day, '08:00')])
  await write(TODAY, [line(TODAY, '08:00')])
  const past = { from: FIRST, to: addDays(TODAY, -1) }
  await collect(rounds, { via: 'backfill', range: past })
  await settle(rounds, { range: past })
  await round()
  listed = { pages: [], ledgers: new Set() }
})
afterEach(async () => {
  await rounds.close()
  await world.remove()
})

function watched(table: Table): Table {
  const list: Table['list'] = (partition, range = {}) => {
    if (partition === pagesPartition('a')) listed?.pages.push(range)
    if (partition.startsWith('ledger#')) listed?.ledgers.add(partition)
    return table.list(partition, range)
  }
  return new Proxy(table, { get: (of, name) => (name === 'list' ? list : Reflect.get(of, name)) })
}

const line = (day: string, time: string) => `a|X ${time}|n|d|${day} ${time}:00||${day} ${time}:00\n`
const write = (day: string, lines: string[]) =>
  world.write(`a/sys_alarm/system_alarm_${compactDay(day)}.txt`, lines.join(''))

/** Collects and reports; the paths of the pages that were written. */
async function round(): Promise<string[]> {
  await collect(rounds, { via: 'round' })
  return (await report(rounds)).published.toSorted()
}

async function page(day: string): Promise<string> {
  return Buffer.from((await rounds.pages.get(`a/${day}/index.html`))!).toString()
}

describe('a report of a day that goes on', () => {
  it('writes its page and the overview, and looks at nothing of older days', async () => {
    await write(TODAY, [line(TODAY, '08:00'), line(TODAY, '09:00')])
    nowMs += HOUR_MS
    const published = await round()
    const pages = ['a/2026-11-20/', '', 'en/a/2026-11-20/', 'en/'].map(
      (path) => `${path}index.html`,
    )
    expect(published).toEqual(pages.toSorted())
    const noted = listed.pages.filter(({ limit }) => limit === undefined)
    expect(noted.map(({ from }) => from)).toEqual([addDays(TODAY, -2)])
    expect(
      [...listed.ledgers].filter((partition) => partition < `ledger#a#alarm#${TODAY}`),
    ).toEqual(
      // A round reads yesterday's file too: it is not settled for good.
      [1, 2].map((back) => `ledger#a#alarm#${addDays(TODAY, -back)}`).toReversed(),
    )
    expect(await page(TODAY)).toContain('X 09:00')
  })

  it('writes nothing when nothing has come, and counts all pages as they are', async () => {
    const { published, unchanged } = await report(rounds)
    expect(published).toEqual([])
    // 13 days, the calendar and the overview in two languages, and the page for what is not there.
    expect(unchanged).toBe((13 + 2) * 2 + 1)
  })

  it('makes the page of an old day whose file goes on, and the calendar beside it', async () => {
    const old = addDays(TODAY, -9)
    await write(old, [line(old, '08:00'), line(old, '09:00')])
    await collect(rounds, { via: 'backfill', range: { from: old, to: old } })
    const published = await round()
    expect(published).toContain(`a/${old}/index.html`)
    expect(published).toContain('a/index.html')
    expect(await page(old)).toContain('X 09:00')
  })

  it('counts a line that came a day late for the day before, and only such a line', async () => {
    const before = addDays(TODAY, -1)
    await write(TODAY, [line(TODAY, '08:00'), line(TODAY, '09:00')])
    expect(await round()).not.toContain(`a/${before}/index.html`)
    await write(TODAY, [line(TODAY, '08:00'), line(TODAY, '09:00'), line(before, '23:59')])
    expect(await round()).toContain(`a/${before}/index.html`)
    expect(await page(before)).toContain('X 23:59')
  })

  it('reads settled days from the archive, and from the table when that is gone', async () => {
    const before = addDays(TODAY, -1)
    const force = { range: { from: before, to: before }, force: true }
    const whole = await page(before)
    await report(rounds, force)
    expect(await page(before)).toBe(whole)
    await rm(join(world.folder, 'var', 'archive'), { recursive: true })
    await report(rounds, force)
    expect(await page(before)).toBe(whole)
  })

  it('makes every page again that a rebuild left out of date', async () => {
    const notes = await rounds.table.list(pagesPartition('a'))
    for (const note of notes.filter(({ sort }) => sort <= FIRST || sort === 'calendar')) {
      const data = { ...note.data, inputs: '', files: {} }
      await rounds.table.replace(note, note.version, { data })
    }
    const published = await round()
    expect(published).toContain(`a/${FIRST}/index.html`)
    expect(published).toContain('a/index.html')
  })

  it('that loses a race for a note writes the calendar too, for the other to know', async () => {
    const key = { partition: pagesPartition('a'), sort: 'calendar' }
    const { older: _, ...data } = (await rounds.table.get(key))!.data
    await rounds.table.replace(key, (await rounds.table.get(key))!.version, { data })
    const before = (await rounds.table.get(key))!.version
    const old = addDays(TODAY, -9)
    const recovered = line(old, '09:00').replace('||', `|${old} 09:00:30|`)
    await write(old, [line(old, '08:00'), recovered])
    await collect(rounds, { via: 'backfill', range: { from: old, to: old } })
    const replace: Table['replace'] = async (of, version, content) => {
      if (of.sort === old) {
        const standing = (await rounds.table.get(of))!
        await rounds.table.replace(of, standing.version, {
          data: { ...standing.data, inputs: 'i' },
        })
      }
      return rounds.table.replace(of, version, content)
    }
    const table = new Proxy(rounds.table, {
      get: (of, name) => (name === 'replace' ? replace : Reflect.get(of, name)),
    })
    expect((await report({ ...rounds, table })).failures).toEqual([])
    expect((await rounds.table.get({ ...key, sort: old }))?.data.inputs).toBeUndefined()
    expect((await rounds.table.get(key))!.version).not.toBe(before)
    await report(rounds)
    expect((await rounds.table.get({ ...key, sort: old }))?.data.inputs).toBeDefined()
  })
})

it('a site with a long past has its old pages made once, not each midnight', async () => {
  const first = addDays(TODAY, -110)
  for (let day = first; day < FIRST; day = addDays(day, 1)) await write(day, [line(day, '08:00')])
  await world.configure({ sites: [folderSite('a')], retention: { keepDays: 35 } })
  const own = { ...rounds, settings: world.settings() }
  await collect(own, { via: 'backfill', range: { from: first, to: addDays(FIRST, -1) } })
  await report(own)
  nowMs += DAY_MS
  const tomorrow = addDays(TODAY, 1)
  await write(tomorrow, [line(tomorrow, '08:00')])
  await collect(own, { via: 'round' })
  const range = { from: addDays(tomorrow, -35), to: addDays(TODAY, -3) }
  const notes = async () =>
    (await own.table.list(pagesPartition('a'), range)).map(({ sort, version }) => [sort, version])
  const before = await notes()
  expect(before).toHaveLength(32)
  await report(own)
  expect(await notes()).toEqual(before)
})
