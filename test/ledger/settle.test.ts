import { describe, expect, it } from 'vitest'
import { siteDays } from '../../lib/ledger/days.ts'
import { recordsAfter } from '../../lib/ledger/ledger.ts'
import { pull } from '../../lib/ledger/pull.ts'
import { isClose, sha256 } from '../../lib/ledger/record.ts'
import { mergedRows, readerOf, replacedRows } from '../../lib/ledger/rows.ts'
import { settleFile } from '../../lib/ledger/settle.ts'
import { ledgerPartition, sequenceKey } from '../../lib/store/keys.ts'
import type { Table } from '../../lib/store/table.ts'
import { DAY_MS, Zone } from '../../lib/time.ts'
import { ledgersIn } from '../fixtures/ledgers.ts'
import { FILE, portal, SITE, sourceOf } from './portal.ts'
import { tableInTurns, turns } from './turns.ts'

const NOW_MS = Date.parse('2026-11-11T02:00:00+08:00')

/** A day file at a portal, its ledger, and what is done with them. */
function world(changes: Partial<typeof SITE> = {}) {
  const store = ledgersIn()
  const site = { ...portal(), chunkBytes: 16 }
  const placed = { site: { ...SITE, ...changes }, zone: new Zone(SITE.timeZone) }
  const clock = { nowMs: NOW_MS, now: () => clock.nowMs }
  const ports = { store, source: sourceOf(site), clock }
  const reader = () => readerOf(placed.site, placed.zone)
  return {
    store,
    site,
    clock,
    ports,
    pull: (text: string) => {
      site.content = Buffer.from(text)
      return pull(ports, FILE, 'path', 'round')
    },
    settle: () => settleFile(ports, placed, FILE, 'round'),
    async names() {
      const all = []
      for await (const rows of mergedRows(store, FILE, reader(), 0)) {
        all.push(...rows.parsed.readings.map(({ name }) => name))
      }
      return all
    },
    async replaced() {
      const all = await replacedRows(store, FILE, reader())
      return all.flatMap(({ parsed }) => parsed.readings.map(({ name }) => name))
    },
    async tally() {
      return (await siteDays(store.table, SITE.id)).get(FILE.day)?.feeds.alarm
    },
    async records() {
      const all = []
      for await (const record of recordsAfter(store, FILE, 0)) all.push(record)
      return all
    },
    /** Drops records from the table, as their expiry does. */
    drop: (...sequences: number[]) => dropFrom(store.table, sequences),
  }
}

async function dropFrom(table: Table, sequences: number[]): Promise<void> {
  const partition = ledgerPartition(FILE.site, FILE.feed, FILE.day)
  for (const sequence of sequences) {
    const item = await table.get({ partition, sort: sequenceKey(sequence) })
    await table.remove(item!, item!.version)
  }
}

const line = (name: string) => `s1|${name}|n|d|2026-11-10 08:00:00||2026-11-10 08:00:00\n`
const [A, B, C] = [line('A'), line('B'), line('C')]

describe('a day file that is settled', () => {
  it('has a proof of its bytes and lines, and an archive that was read back', async () => {
    const { pull, settle, tally, store, records } = world()
    await pull(`${A}bad\n`)
    const settled = await settle()
    const text = `${A}bad\n`
    const proof = { compared: true, generation: 0, bytes: text.length, lines: 2, rejects: 1 }
    expect(settled).toMatchObject({ found: true, added: 0, unchanged: false, sequence: 2 })
    expect(settled.close!.proof).toMatchObject({
      ...proof,
      ...{ readings: 1, unknown: 0, blank: 0, readAtMs: NOW_MS },
      sha256: sha256(Buffer.from(text)),
    })
    expect(settled.close!.archive.path).toBe('ledger/alarm/2026-11-10/s1/00000001.zst')
    expect(await store.archive.list('')).toEqual([settled.close!.archive.path])
    expect(await tally()).toMatchObject({ sequence: 2, lines: 2, proof })
    expect((await records()).map(isClose)).toEqual([false, true])
  })

  it('is compared whole: a change that the marker cannot see begins a generation', async () => {
    const { pull, settle, names, replaced } = world()
    const rest = line('B').repeat(100)
    await pull(A + rest)
    expect((await pull(C + rest)).appended).toEqual([])
    const settled = await settle()
    expect(settled).toMatchObject({ added: 1, close: { proof: { generation: 1, lines: 102 } } })
    expect([...new Set(await names())]).toEqual(['A', 'B', 'C'])
    expect(new Set(await replaced())).toEqual(new Set(['C', 'B']))
  })

  it('counts a last line without newline, once, until it is complete (F22)', async () => {
    const { pull, settle, names, tally, clock } = world()
    await pull(A + B.slice(0, -1))
    expect(await names()).toEqual(['A'])
    await settle()
    expect(await names()).toEqual(['A', 'B'])
    expect(await tally()).toMatchObject({ lines: 2, tail: true, proof: { lines: 2 } })
    // The rest of the line comes later: it is the same row.
    await pull(A + B)
    expect(await names()).toEqual(['A', 'B'])
    clock.nowMs += DAY_MS
    await settle()
    expect(await names()).toEqual(['A', 'B'])
    expect(await tally()).toMatchObject({ lines: 2, proof: { lines: 2 } })
    expect(await tally()).not.toHaveProperty('tail')
  })

  it('takes another unfinished line in its place, never both', async () => {
    const { pull, settle, site, names, tally } = world()
    await pull(A + B.slice(0, -1))
    await settle()
    site.content = Buffer.from(A + C.slice(0, -1))
    expect(await settle()).toMatchObject({ unchanged: false, close: { proof: { lines: 2 } } })
    expect(await names()).toEqual(['A', 'C'])
    expect(await tally()).toMatchObject({ lines: 2, readings: 2 })
  })

  it('is settled again only when something is new, and reopened by what comes', async () => {
    const { pull, settle, tally, names } = world()
    await pull(A)
    await settle()
    expect(await settle()).toMatchObject({ unchanged: true, sequence: 2 })
    await pull(A + B)
    expect(await tally()).toMatchObject({ sequence: 2, lines: 1 })
    const again = await settle()
    expect(again).toMatchObject({ unchanged: false, sequence: 4, close: { proof: { lines: 2 } } })
    expect(await names()).toEqual(['A', 'B'])
  })

  it.each(['gone', 'empty'])('that is %s is closed as the ledger holds it', async (how) => {
    const { pull, settle, site, names } = world()
    await pull(A + B)
    site.content = how === 'gone' ? undefined : Buffer.alloc(0)
    const { close } = await settle()
    expect(close!.proof).toMatchObject({ compared: false, generation: 0, lines: 2 })
    // It comes back as it was: nothing is new.
    await pull(A + B)
    expect(await names()).toEqual(['A', 'B'])
  })

  it.each([
    ['', { bytes: 0, lines: 0 }],
    ['x', { bytes: 1, lines: 1, rejects: 1 }],
    ['\n', { bytes: 1, lines: 1, blank: 1 }],
  ])('may hold %j alone (F06, F31)', async (text, proof) => {
    const { pull, settle, tally, names } = world()
    await pull(text)
    expect((await settle()).close!.proof).toMatchObject(proof)
    expect(await tally()).toMatchObject({ proof })
    await pull(text + A)
    expect(await names()).toEqual(text === 'x' ? [] : ['A'])
  })

  it('that never was leaves nothing behind', async () => {
    const { settle, store, records } = world()
    expect(await settle()).toMatchObject({ found: false, sequence: 0, unchanged: false })
    expect(await records()).toEqual([])
    expect(await store.archive.list('')).toEqual([])
  })

  it('is not closed while its body breaks off or the site is down', async () => {
    const { pull, settle, site, records } = world()
    await pull(A)
    Object.assign(site, { content: Buffer.from(A + B), cutAfter: A.length + 3 })
    await expect(settle()).rejects.toMatchObject({ code: 'broken-off' })
    site.down = true
    await expect(settle()).rejects.toMatchObject({ code: 'connection' })
    expect((await records()).some(isClose)).toBe(false)
  })

  it('refuses a web page in its place, and keeps what it holds (F53)', async () => {
    const { pull, settle, site, names } = world()
    await pull(A)
    site.content = Buffer.from('<!doctype html><title>Login</title>')
    await expect(settle()).rejects.toMatchObject({ code: 'not-a-data-file' })
    expect(await names()).toEqual(['A'])
  })
})

describe('records below a close record', () => {
  it.each([[[1]], [[2]], [[1, 2, 3]], [[3]]])('may leave the table: %j', async (gone) => {
    const { pull, settle, names, drop, records, replaced } = world()
    await pull(A)
    await pull(A + B)
    await pull(A + B + C)
    await settle()
    const before = await records()
    await drop(...gone)
    expect(await records()).toEqual(before)
    expect(await names()).toEqual(['A', 'B', 'C'])
    expect(await replaced()).toEqual(['A', 'B', 'C'])
  })

  it('are read from the newest archive when the day was opened again', async () => {
    const { pull, settle, names, drop } = world()
    await pull(A)
    await settle()
    await pull(C)
    await settle()
    await pull(C + B)
    // Records 1 (A), 2 (closed), 3 (C), 4 (closed), 5 (B).
    await drop(1, 2, 3)
    expect(await names()).toEqual(['A', 'C', 'B'])
    // A file that comes back whole brings nothing new: the archive knows its lines.
    expect((await pull(A + B + C)).appended).toMatchObject([{ lines: 0 }])
  })

  it('get their expiry when written, the newest close record never', async () => {
    const { pull, settle, store, clock } = world()
    await pull(A)
    await settle()
    await pull(A + B)
    clock.nowMs += DAY_MS
    await settle()
    const items = await store.table.list(ledgerPartition(FILE.site, FILE.feed, FILE.day))
    const dayEndMs = Date.parse('2026-11-11T12:00:00Z')
    expect(items.map(({ expiresAt }) => expiresAt && (expiresAt - dayEndMs) / DAY_MS)).toEqual([
      ...[35, 35.25, 35, undefined],
    ])
  })

  it('and an archive that is gone or damaged is told, not passed over', async () => {
    const { pull, settle, names, drop, store } = world()
    await pull(A)
    const { close } = await settle()
    await drop(1)
    const { path } = close!.archive
    const good = Buffer.from((await store.archive.get(path))!)
    for (const at of [0, 5, 20, good.length - 1]) {
      const bad = Buffer.from(good)
      bad[at]! ^= 1
      await store.archive.put(path, bad)
      await expect(names()).rejects.toMatchObject({ code: 'archive-damaged' })
    }
    await store.archive.remove(path)
    await expect(names()).rejects.toMatchObject({ code: 'archive-missing' })
  })
})

describe('a zombie', () => {
  /** Before the next create of a world's table, `act` happens: the creator was asleep. */
  function asleep({ store }: ReturnType<typeof world>, act: () => Promise<void>) {
    const { create } = store.table
    store.table.create = async (key, content) => {
      store.table.create = create
      await act()
      return create(key, content)
    }
  }

  it('that wakes below a close record, its number free again, loses nothing', async () => {
    const all = world()
    await all.pull(A)
    asleep(all, async () => {
      // Another one reads on, another day's file stands there, it is settled, and records expire.
      await all.pull(A + B)
      await all.pull(A + B + C)
      await all.settle()
      await all.drop(1, 2, 3)
    })
    const pulled = await all.pull(A + line('D'))
    expect((await all.names()).sort()).toEqual(['A', 'B', 'C', 'D'])
    expect(pulled.appended.filter(({ lines }) => lines > 0)).toHaveLength(1)
    const place = ledgerPartition(FILE.site, FILE.feed, FILE.day)
    const left = await all.store.table.list(place)
    expect(left.map(({ sort }) => Number(sort))).toEqual([4, 5])
  })

  it('that settles below a newer close record takes its own away and begins again', async () => {
    const all = world()
    await all.pull(A)
    asleep(all, async () => {
      await all.settle()
      await all.pull(A + B)
      await all.settle()
      await all.drop(1, 2, 3)
    })
    expect(await all.settle()).toMatchObject({ unchanged: true, sequence: 4 })
    expect(await all.names()).toEqual(['A', 'B'])
    const place = ledgerPartition(FILE.site, FILE.feed, FILE.day)
    expect((await all.store.table.list(place)).map(({ sort }) => Number(sort))).toEqual([4])
  })

  it.each([0, 1, 2])('that settles at once with another one: the same state (%j)', async (seed) => {
    const all = world()
    await all.pull(A)
    all.site.content = Buffer.from(A + B + C.slice(0, -1))
    const order = turns()
    const table = all.store.table
    const placed = { site: SITE, zone: new Zone(SITE.timeZone) }
    const work = [0, 1, 2].map((who) => {
      const turn = () => order.turn(who)
      const store = { ...all.store, table: tableInTurns(table, turn) }
      const ports = { store, source: sourceOf(all.site, turn), clock: all.clock }
      return settleFile(ports, placed, FILE, 'round')
    })
    let step = seed
    await order.until(work, (waiting) => {
      step = (step * 7 + 3) % 101
      return step % waiting.length
    })
    const settled = await Promise.all(work)
    expect(settled.filter(({ unchanged }) => !unchanged)).toHaveLength(1)
    expect(settled.reduce((sum, { added }) => sum + added, 0)).toBe(1)
    expect(await all.names()).toEqual(['A', 'B', 'C'])
    expect(await all.tally()).toMatchObject({ lines: 3, proof: { lines: 3 } })
  })
})

describe('an archive', () => {
  it('that is read back otherwise than it was written closes nothing', async () => {
    const { pull, settle, records, store } = world()
    await pull(A)
    const get = store.archive.get
    store.archive.get = async (path) => (await get(path))?.subarray(1)
    await expect(settle()).rejects.toMatchObject({ code: 'archive-differs', class: 'retry' })
    expect((await records()).some(isClose)).toBe(false)
    store.archive.get = get
    expect(await settle()).toMatchObject({ unchanged: false })
  })
})
