import { describe, expect, it } from 'vitest'
import { appendAside } from '../../lib/ledger/append.ts'
import { placeOf } from '../../lib/ledger/ledger.ts'
import { isClose, sha256 } from '../../lib/ledger/record.ts'
import { ledgerPartition } from '../../lib/store/keys.ts'
import { DAY_MS } from '../../lib/time.ts'
import { A, B, C, line, NOW_MS, oneFile } from './one-file.ts'
import { FILE } from './portal.ts'

describe('a day file that is settled', () => {
  it('has a proof of its bytes and lines, and an archive that was read back', async () => {
    const { pull, settle, tally, store, records } = oneFile()
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
    const { pull, settle, names, replaced } = oneFile()
    const rest = line('B').repeat(100)
    await pull(A + rest)
    expect((await pull(C + rest)).appended).toEqual([])
    const settled = await settle()
    expect(settled).toMatchObject({ added: 1, close: { proof: { generation: 1, lines: 102 } } })
    expect([...new Set(await names())]).toEqual(['A', 'B', 'C'])
    expect(new Set(await replaced())).toEqual(new Set(['C', 'B']))
  })

  it('is taken whole when it changed far back and has grown as well', async () => {
    const { pull, settle, replaced, site } = oneFile()
    await pull(A + B.repeat(100))
    site.content = Buffer.from(C + B.repeat(100) + line('D'))
    const { close } = await settle()
    expect(close!.proof).toMatchObject({
      ...{ generation: 1, compared: true, bytes: site.content.length, lines: 103 },
      sha256: sha256(site.content),
    })
    expect(await replaced()).toEqual(['C', ...Array(100).fill('B'), 'D'])
  })

  it('counts a last line without newline, once, until it is complete (F22)', async () => {
    const { pull, settle, names, tally, clock } = oneFile()
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

  it('that now is one unfinished line is proved as that, and the line counts (F22)', async () => {
    const { pull, settle, site, names, replaced, tally } = oneFile()
    await pull(A + B)
    await settle()
    site.content = Buffer.from(C.slice(0, -1))
    const settled = await settle()
    expect(settled).toMatchObject({ found: true, unchanged: false })
    expect(settled.close!.proof).toMatchObject({
      ...{ compared: true, generation: 1, bytes: C.length - 1, lines: 3, readings: 3 },
      sha256: sha256(site.content),
    })
    expect(await names()).toEqual(['A', 'B', 'C'])
    expect(await replaced()).toEqual(['C'])
    expect(await tally()).toMatchObject({ lines: 3, tail: true })
    expect(await settle()).toMatchObject({ unchanged: true })
    // It goes on as the same generation.
    await pull(C + A)
    expect(await replaced()).toEqual(['C', 'A'])
    expect(await names()).toEqual(['A', 'B', 'C'])
  })

  it('whose unfinished line an older generation holds counts it once (F22)', async () => {
    const { pull, settle, site, names, replaced, tally } = oneFile()
    await pull(A + B + B)
    await pull(C + B)
    site.content = Buffer.from(C + B + B.slice(0, -1))
    const { close } = await settle()
    expect(close).toMatchObject({ tailHeld: true, proof: { generation: 1, lines: 4 } })
    expect(await names()).toEqual(['A', 'B', 'B', 'C'])
    expect(await replaced()).toEqual(['C', 'B', 'B'])
    expect(await tally()).not.toHaveProperty('tail')
    site.content = Buffer.from(C + B + B.slice(0, -1) + C.slice(0, -1))
    expect((await settle()).close).toMatchObject({ proof: { lines: 5, rejects: 1 } })
    site.content = Buffer.from(C + B + B + B.slice(0, -1))
    expect((await settle()).close).toMatchObject({ proof: { lines: 5, rejects: 0 } })
    expect((await names()).sort()).toEqual(['A', 'B', 'B', 'B', 'C'])
  })

  it('under replace is counted as the file that it is', async () => {
    const { pull, settle, site, tally } = oneFile({ onRewrite: 'replace' })
    await pull(A + B)
    await settle()
    for (const text of [C, A + B, A + B.slice(0, -1), C + B, B]) {
      site.content = Buffer.from(text.slice(0, -1))
      const { close } = await settle()
      const lines = text.split('\n').length - (text.endsWith('\n') ? 1 : 0)
      expect(close!.proof).toMatchObject({ compared: true, lines, sha256: sha256(site.content) })
      expect(await tally()).toMatchObject({ lines })
    }
  })

  it('under replace is settled again when only what a sleeper put aside stands above', async () => {
    const { settle, tally, store, site } = oneFile({ onRewrite: 'replace' })
    site.content = Buffer.from('unfini')
    expect((await settle()).close!.proof).toMatchObject({ lines: 1, rejects: 1 })
    const place = { ...(await placeOf(store, FILE)), sequence: 0 }
    const lost = { place, bytes: Buffer.from(A), readAtMs: NOW_MS, via: 'round' as const }
    expect(await appendAside(store, FILE, lost)).toHaveLength(1)
    expect(await settle()).toMatchObject({ sequence: 3, close: { proof: { lines: 1 } } })
    expect(await tally()).toMatchObject({ sequence: 3, lines: 1, tail: true, proof: { lines: 1 } })
  })

  it('under replace is counted so beside what a sleeper put aside', async () => {
    const { pull, settle, site, tally, store } = oneFile({ onRewrite: 'replace' })
    await pull(A + B)
    site.content = Buffer.from(C.slice(0, -1))
    await settle()
    const place = await placeOf(store, FILE)
    const lost = { place, bytes: Buffer.from(line('D')), readAtMs: NOW_MS, via: 'round' } as const
    expect(await appendAside(store, FILE, lost)).toHaveLength(1)
    expect((await settle()).close!.proof).toMatchObject({ compared: true, lines: 1 })
    expect(await tally()).toMatchObject({ lines: 1 })
  })

  it('whose archive is gone or damaged is archived once more', async () => {
    const { pull, settle, store } = oneFile()
    await pull(A + B)
    const first = await settle()
    const { path } = first.close!.archive
    expect(await settle()).toMatchObject({ unchanged: true })
    await store.archive.put(path, Buffer.from('another'))
    const second = await settle()
    expect(second).toMatchObject({ unchanged: false, sequence: first.sequence + 1 })
    await store.archive.remove(second.close!.archive.path)
    expect(await settle()).toMatchObject({ unchanged: false, sequence: first.sequence + 2 })
  })

  it('whose records are all gone is told as lost, also when the site has it no more', async () => {
    const { pull, settle, site, drop, placed, tally } = oneFile()
    await pull(A + B)
    await settle()
    await drop(1, 2)
    site.content = undefined
    await expect(settle()).rejects.toMatchObject({ code: 'ledger-lost' })
    // Other settings make figures anew, but not of nothing.
    placed.site.siteIds = ['another']
    await expect(settle()).rejects.toMatchObject({ code: 'ledger-lost' })
    expect(await tally()).toMatchObject({ sequence: 2, lines: 2 })
  })

  it('is proved anew when other settings make other rows of it', async () => {
    const { pull, settle, tally, placed } = oneFile()
    await pull(A + B)
    expect((await settle()).close!.proof).toMatchObject({ readings: 2 })
    placed.site.siteIds = ['another']
    expect(await settle()).toMatchObject({
      unchanged: false,
      close: { proof: { lines: 2, readings: 0, rejects: 2 } },
    })
    expect(await tally()).toMatchObject({ readings: 0, rejects: 2 })
    expect(await settle()).toMatchObject({ unchanged: true })
  })

  it('goes on when its site changes from replace to merge', async () => {
    const { pull, settle, tally, names, placed } = oneFile({ onRewrite: 'replace' })
    await pull(A + B)
    await pull(C)
    await settle()
    expect(await tally()).toMatchObject({ lines: 1 })
    placed.site.onRewrite = 'merge'
    await pull(C + A)
    expect((await settle()).close!.proof).toMatchObject({ lines: 3 })
    expect(await names()).toEqual(['A', 'B', 'C'])
  })

  it('that was emptied keeps the proof it has, and is said to be gone', async () => {
    const { pull, settle, site } = oneFile()
    await pull(A + B)
    const { close } = await settle()
    site.content = Buffer.from('')
    const again = await settle()
    expect(again).toMatchObject({ found: false, unchanged: true, sequence: close!.sequence })
    expect(again.close!.proof).toEqual(close!.proof)
  })

  it('takes another unfinished line in its place, never both', async () => {
    const { pull, settle, site, names, tally } = oneFile()
    await pull(A + B.slice(0, -1))
    await settle()
    site.content = Buffer.from(A + C.slice(0, -1))
    expect(await settle()).toMatchObject({ unchanged: false, close: { proof: { lines: 2 } } })
    expect(await names()).toEqual(['A', 'C'])
    expect(await tally()).toMatchObject({ lines: 2, readings: 2 })
  })

  it('is settled again only when something is new, and reopened by what comes', async () => {
    const { pull, settle, tally, names } = oneFile()
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
    const { pull, settle, site, names } = oneFile()
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
    const { pull, settle, tally, names } = oneFile()
    await pull(text)
    expect((await settle()).close!.proof).toMatchObject(proof)
    expect(await tally()).toMatchObject({ proof })
    await pull(text + A)
    expect(await names()).toEqual(text === 'x' ? [] : ['A'])
  })

  it('that never was leaves nothing behind', async () => {
    const { settle, store, records } = oneFile()
    expect(await settle()).toMatchObject({ found: false, sequence: 0, unchanged: false })
    expect(await records()).toEqual([])
    expect(await store.archive.list('')).toEqual([])
  })

  it('is not closed while its body breaks off or the site is down', async () => {
    const { pull, settle, site, records } = oneFile()
    await pull(A)
    Object.assign(site, { content: Buffer.from(A + B), cutAfter: A.length + 3 })
    await expect(settle()).rejects.toMatchObject({ code: 'broken-off' })
    site.down = true
    await expect(settle()).rejects.toMatchObject({ code: 'connection' })
    expect((await records()).some(isClose)).toBe(false)
  })

  it('is told as lost, and not closed, when records that were counted are gone', async () => {
    const { pull, settle, site, tally, drop, records } = oneFile()
    await pull(A)
    await settle()
    await pull(A + B)
    await settle()
    await pull(A + B + C)
    await settle()
    expect(await tally()).toMatchObject({ sequence: 6, lines: 3 })
    // As after a store was put back from an older copy; the site shows what that copy knew.
    await drop(3, 4, 5, 6)
    site.content = Buffer.from(A)
    await expect(settle()).rejects.toMatchObject({
      ...{ code: 'ledger-lost', class: 'skip' },
      message: 'The ledger of alarm of 2026-11-10 ends at record 2, and 6 were counted before.',
    })
    expect((await records()).map(isClose)).toEqual([false, true])
  })

  it('refuses a web page in its place, and keeps what it holds (F53)', async () => {
    const { pull, settle, site, names } = oneFile()
    await pull(A)
    site.content = Buffer.from('<!doctype html><title>Login</title>')
    await expect(settle()).rejects.toMatchObject({ code: 'not-a-data-file' })
    expect(await names()).toEqual(['A'])
  })
})

describe('records below a close record', () => {
  it.each([[[1]], [[2]], [[1, 2, 3]], [[3]]])('may leave the table: %j', async (gone) => {
    const { pull, settle, names, drop, records, replaced } = oneFile()
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

  it('may have left the table where somebody reads on behind some of them', async () => {
    const { pull, settle, names, drop } = oneFile()
    await pull(A)
    await pull(A + B)
    await pull(A + B + C)
    await settle()
    await drop(1, 2, 3)
    expect(await names(1)).toEqual(['B', 'C'])
    expect(await names(2)).toEqual(['C'])
    expect(await names(3)).toEqual([])
  })

  it('are found in the archive however many records stand above it', async () => {
    const { pull, settle, names, drop } = oneFile()
    const all = Array.from({ length: 40 }, (_, at) => line(`D${at}`))
    await pull(A)
    await settle()
    for (let count = 1; count <= all.length; count += 1) {
      await pull(A + all.slice(0, count).join(''))
    }
    await drop(1)
    expect(await names()).toEqual(['A', ...all.map((_, at) => `D${at}`)])
  })

  it('are read from the newest archive when the day was opened again', async () => {
    const { pull, settle, names, drop } = oneFile()
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
    const { pull, settle, store, clock } = oneFile()
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
    const { pull, settle, names, drop, store } = oneFile()
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

describe('an archive', () => {
  it('that is read back otherwise than it was written closes nothing', async () => {
    const { pull, settle, records, store } = oneFile()
    await pull(A)
    const get = store.archive.get
    store.archive.get = async (path) => (await get(path))?.subarray(1)
    await expect(settle()).rejects.toMatchObject({ code: 'archive-differs', class: 'retry' })
    expect((await records()).some(isClose)).toBe(false)
    store.archive.get = get
    expect(await settle()).toMatchObject({ unchanged: false })
  })
})
