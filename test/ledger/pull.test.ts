import { describe, expect, it } from 'vitest'
import { segmentsUpTo } from '../../lib/ledger/ledger.ts'
import { pull } from '../../lib/ledger/pull.ts'
import { MARKER_BYTES } from '../../lib/ledger/record.ts'
import { memoryTable } from '../../lib/store/memory.ts'
import { MAX_ITEM_BYTES } from '../../lib/store/table.ts'
import { ledgersIn } from '../fixtures/ledgers.ts'
import { countsOf, generations, inOrder, storedCounts, wholeBytes, wholeUnits } from './oracle.ts'
import { FILE, type Portal, portal, sourceOf } from './portal.ts'

/** A site, its ledger, and a pull of it. */
function world(content?: string | Buffer) {
  const site: Portal = {
    ...portal(),
    content: content === undefined ? content : Buffer.from(content),
  }
  const table = memoryTable()
  let nowMs = 0
  const source = sourceOf(site)
  const clock = { now: () => (nowMs += 1) }
  return {
    site,
    table,
    set: (text: string | Buffer) => {
      site.content = Buffer.from(text)
    },
    pull: () => pull({ store: ledgersIn(table), source, clock }, FILE, 'path', 'round'),
    records: () => segmentsUpTo(ledgersIn(table), FILE, Number.POSITIVE_INFINITY),
    stored: async () =>
      inOrder(storedCounts(await segmentsUpTo(ledgersIn(table), FILE, Number.POSITIVE_INFINITY))),
  }
}
const storedBytes = (records: { body: Uint8Array }[]) =>
  records.reduce((sum, { body }) => sum + body.length, 0)
const numbered = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, n) => `number ${from + n}\n`).join('')

describe('a pull', () => {
  it('takes whole lines alone, and the rest when its newline comes (F20-F22)', async () => {
    const { set, pull, records } = world('one\ntwo\nthr')
    const first = await pull()
    expect(first).toMatchObject({ found: true, place: { end: 8, rows: 2 } })
    expect(Buffer.from(first.tail).toString()).toBe('thr')
    expect((await pull()).appended).toEqual([])
    set('one\ntwo\nthree\n')
    expect((await pull()).appended).toMatchObject([{ start: 8, end: 14, lines: 1 }])
    expect(await records()).toHaveLength(2)
  })

  it('asks for the marker and what follows, and for nothing else, while a file grows', async () => {
    const { site, set, pull } = world(numbered(0, 3000))
    await pull()
    const end = site.content!.length
    set(numbered(0, 3001))
    await pull()
    expect(site.served.map(({ start }) => start)).toEqual([0, end - MARKER_BYTES])
  })

  it('says that a file is absent, and begins when it comes (F55)', async () => {
    const { set, pull } = world()
    expect(await pull()).toMatchObject({ found: false, appended: [], place: { sequence: 0 } })
    set('a\n')
    expect(await pull()).toMatchObject({ found: true, place: { end: 2, generation: 0 } })
  })

  it('keeps what it has of a file that is gone, and goes on when it is back (F18)', async () => {
    const { site, set, pull, records } = world('a\nb\n')
    await pull()
    site.content = undefined
    expect(await pull()).toMatchObject({ found: false, place: { end: 4 } })
    set('a\nb\nc\n')
    expect(await pull()).toMatchObject({ place: { generation: 0, end: 6, rows: 3 } })
    expect(await records()).toHaveLength(2)
  })

  it('takes an empty file for a file without lines (F31)', async () => {
    const { set, pull } = world('')
    expect(await pull()).toMatchObject({ found: true, appended: [], place: { sequence: 0 } })
    set('\n')
    expect(await pull()).toMatchObject({ place: { end: 1, rows: 1 } })
  })

  it.each([
    ['of the same size', 'new 1\nnew 2\n'],
    ['larger', 'new 1\nnew 2\nnew 3\n'],
    ['shorter', 'new 1\n'],
  ])('begins a generation for another file %s (F01-F04)', async (_, text) => {
    const { set, pull, records } = world('old 1\nold 2\n')
    await pull()
    set(text)
    expect(await pull()).toMatchObject({ place: { generation: 1, end: text.length } })
    const all = generations(await records())
    expect([...all].map(([number, bytes]) => [number, bytes.toString()])).toEqual([
      [0, 'old 1\nold 2\n'],
      [1, text],
    ])
  })

  it('begins a generation for a file that ends before the bytes asked for (F04)', async () => {
    const { site, set, pull, records } = world(numbered(0, 3000))
    await pull()
    set('new\n')
    expect(await pull()).toMatchObject({ place: { generation: 1, end: 4, rows: 3001 } })
    expect(site.served.map(({ start }) => start)).toEqual([0, 0])
    expect(
      generations(await records())
        .get(1)!
        .toString(),
    ).toBe('new\n')
  })

  it('stores nothing of a file written anew with the same lines (F09, F12, F19)', async () => {
    const { set, pull, records } = world(numbered(0, 500))
    await pull()
    const before = storedBytes(await records())
    set(`${numbered(1, 500)}number 0\n`)
    expect(await pull()).toMatchObject({ place: { rows: 500, generation: 1 } })
    expect(storedBytes(await records())).toBe(before)
  })

  it('stores just the new lines of a ring file, poll after poll (F13)', async () => {
    const { set, pull, records } = world(numbered(0, 500))
    for (let from = 0; from <= 200; from += 20) {
      set(numbered(from, 500 + from))
      await pull()
    }
    expect(storedBytes(await records())).toBe(numbered(0, 700).length)
    expect([...generations(await records()).values()].at(-1)!.toString()).toBe(numbered(200, 700))
  })

  it('finds other bytes before its place although the lines behind are alike (F05)', async () => {
    const { set, pull, stored } = world(`head\n${'same\n'.repeat(200)}`)
    await pull()
    set(`HEAD\n${'same\n'.repeat(201)}`)
    await pull()
    expect(await stored()).toEqual([
      [' HEAD\n', 1],
      [' head\n', 1],
      [' same\n', 201],
    ])
  })

  it('reads past a server that knows no ranges, and adds just what is new (F36)', async () => {
    const { site, set, pull, records } = world(numbered(0, 2000))
    site.ignoresRanges = true
    await pull()
    set(numbered(0, 2001))
    expect(await pull()).toMatchObject({ appended: [{ lines: 1 }], place: { generation: 0 } })
    expect(storedBytes(await records())).toBe(numbered(0, 2001).length)
  })

  it.each([1, 3, 64, 70_000])(
    'refuses a web page that comes %i bytes at a time (F53)',
    async (size) => {
      const page = Buffer.from(`<!DOCTYPE html>\n<html><p>${'Log in\n'.repeat(30)}</html>\n`)
      const { site, set, pull, stored } = world(page)
      site.chunkBytes = size
      await expect(pull()).rejects.toMatchObject({ code: 'not-a-data-file', class: 'skip' })
      set('a\n')
      await pull()
      set(page)
      await expect(pull()).rejects.toMatchObject({ code: 'not-a-data-file' })
      set('a\nb\n')
      expect(await pull()).toMatchObject({ place: { generation: 0, end: 4 } })
      expect(await stored()).toEqual([
        [' a\n', 1],
        [' b\n', 1],
      ])
    },
  )
})

describe('a line over 64 KiB', () => {
  it('is kept once of a file that is written anew, and goes on where it was cut', async () => {
    const long = `${'x'.repeat(200_000)}\n`
    const { set, pull, records, stored } = world(`a\n${long}`)
    await pull()
    set(`bb\n${long}${'y'.repeat(70_000)}`)
    expect(await pull()).toMatchObject({ place: { generation: 1, open: true, rows: 4 } })
    set(`bb\n${long}${'y'.repeat(140_000)}\na\n`)
    expect(await pull()).toMatchObject({ place: { generation: 1, open: false, rows: 4 } })
    expect(storedBytes(await records())).toBe(2 + 200_001 + 3 + 140_001)
    expect(
      generations(await records())
        .get(1)!
        .toString(),
    ).toBe(`bb\n${long}${'y'.repeat(140_000)}\na\n`)
    expect(await stored()).toEqual(
      inOrder(countsOf(wholeUnits(Buffer.from(`a\nbb\n${long}${'y'.repeat(140_000)}\n`)))),
    )
  })

  it('has an end that is not taken for a line of the same bytes', async () => {
    const long = `${'x'.repeat(65_536)}\n`
    const { set, pull, stored } = world('\nend\n')
    await pull()
    set(long)
    expect(await pull()).toMatchObject({ place: { generation: 1, rows: 3 } })
    expect(await stored()).toEqual(inOrder(countsOf(wholeUnits(Buffer.from(`\nend\n${long}`)))))
  })
})

describe('a body that breaks off', () => {
  it('after any byte leaves whole lines, and the next pull goes on (F35, F54)', async () => {
    const text = 'first line\nsecond\n\nlast\nno end'
    for (let cut = 0; cut <= text.length; cut += 1) {
      const { site, pull, records } = world(text)
      site.chunkBytes = 4
      site.cutAfter = cut
      const broken = await pull().catch((error) => ({ fault: error, place: { end: 0 } }))
      if (cut < text.length) expect(broken.fault).toMatchObject({ code: 'broken-off' })
      expect(broken.place.end).toBe(wholeBytes(Buffer.from(text.slice(0, cut))))
      for (const record of await records()) {
        if (cut < text.length) expect(record.until).toBeUndefined()
      }
      site.cutAfter = Number.POSITIVE_INFINITY
      expect(await pull()).toMatchObject({ place: { end: 24, rows: 4, finished: true } })
      expect((await records()).every((record) => record.generation === 0)).toBe(true)
    }
  })

  it('before the ledger ends decides nothing, when the file was replaced (F46)', async () => {
    const { site, set, pull, records } = world(numbered(0, 1000))
    await pull()
    set(numbered(5000, 6000))
    site.cutAfter = 100
    await expect(pull()).rejects.toMatchObject({ code: 'broken-off' })
    expect(await records()).toHaveLength(1)
  })
})

describe('a large file', () => {
  it('that cannot be compressed is split, each item below its most', async () => {
    const noise = Buffer.alloc(3_000_000)
    let state = 1
    for (let at = 0; at < noise.length; at += 1) {
      state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
      noise[at] = at % 500 === 499 ? 10 : state >> 16
    }
    noise[noise.length - 1] = 10
    const { pull, records, table, stored } = world(noise)
    await pull()
    const all = await records()
    expect(all.length).toBeGreaterThan(9)
    for (const { data, bytes } of await table.list('ledger#s1#alarm#2026-11-10')) {
      expect(JSON.stringify(data).length + bytes!.length).toBeLessThan(MAX_ITEM_BYTES)
    }
    expect(generations(all).get(0)!.equals(noise)).toBe(true)
    expect(await stored()).toEqual(inOrder(countsOf(wholeUnits(noise))))
    expect(all.filter(({ until }) => until !== undefined)).toHaveLength(1)
  })

  it('whose new lines alternate with old ones is split by its many pieces', async () => {
    const old = Array.from({ length: 20_000 }, (_, n) => `o${n}\n`)
    const { set, pull, records } = world(old.join(''))
    await pull()
    const text = old.map((one, n) => `n${n}\n${one}`).join('')
    set(text)
    await pull()
    const all = await records()
    expect(Math.max(...all.map(({ pieces }) => pieces.length))).toBeLessThanOrEqual(4000)
    expect(generations(all).get(1)!.toString()).toBe(text)
    expect(all.at(-1)!.rows).toBe(40_000)
  })

  it('is never held whole: what was read and not yet kept stays under 4 MiB (F24)', async () => {
    const table = memoryTable()
    let kept = 0
    let most = 0
    let given = 0
    const watched = {
      ...table,
      create: async (...args: Parameters<typeof table.create>) => {
        kept = args[1].data.end as number
        return table.create(...args)
      },
    }
    const MIB = 1024 * 1024
    const chunk = Buffer.from('a line of sixty-four bytes, again and again, until it is a MiB.\n')
    async function* chunks() {
      for (let index = 0; index < 40 * 16; index += 1) {
        given += MIB / 16
        most = Math.max(most, given - kept)
        yield Buffer.alloc(MIB / 16, chunk)
      }
    }
    const source = {
      read: async () => ({ kind: 'body' as const, start: 0, chunks: chunks() }),
      close: async () => {},
    }
    await pull(
      { store: ledgersIn(watched), source, clock: { now: () => 1 } },
      FILE,
      'path',
      'round',
    )
    expect(kept).toBe(40 * MIB)
    expect(most).toBeLessThan(4 * MIB)
  })

  it('that is read whole again is kept in records of 1 MiB of text at most', async () => {
    const { set, pull, records } = world(numbered(0, 300_000))
    await pull()
    set(numbered(1, 300_000))
    await pull()
    for (const { start, end } of await records()) expect(end - start).toBeLessThanOrEqual(1 << 20)
  })

  it('has markers that reach back over records (F03)', async () => {
    const { set, pull, records } = world('')
    for (let count = 1; count <= 300; count += 50) {
      set(numbered(0, count * 2))
      await pull()
    }
    const last = (await records()).at(-1)!
    expect(last.end - last.start).toBeLessThan(MARKER_BYTES)
    expect(last.marker.length).toBe(MARKER_BYTES)
    // A change 4,000 bytes back is seen by it.
    const bytes = Buffer.from(numbered(0, 502))
    bytes[bytes.length - 4000] = 88
    set(Buffer.concat([bytes, Buffer.from('more\n')]))
    expect(await pull()).toMatchObject({ place: { generation: 1 } })
  })
})
