import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { newestClose } from '../../lib/ledger/ledger.ts'
import {
  type CloseRecord,
  decodeRecord,
  encodeRecord,
  type LedgerRecord,
  type SegmentRecord,
} from '../../lib/ledger/record.ts'
import { collect, notify } from '../../lib/pipeline.ts'
import { ledgerPartition, sequenceKey } from '../../lib/store/keys.ts'
import type { Item } from '../../lib/store/table.ts'
import { type VerifyRequest, verify } from '../../lib/upkeep/verify.ts'
import { onDisk, spoiled } from './damage.ts'
import { stateOf } from './lived-week.ts'
import { lineOf, SETTLED_FILE, SETTLED_LINES, type SettledDay, settledDay } from './settled-day.ts'

const { site, feed, day } = SETTLED_FILE
const PARTITION = ledgerPartition(site, feed, day)
const WHOLE = `${SETTLED_LINES.join('\n')}`

let settled: SettledDay

beforeEach(async () => {
  settled = await settledDay()
})

afterEach(async () => {
  await settled.rounds.close()
  await settled.world.remove()
})

async function findings(request: VerifyRequest = {}) {
  const { findings, failures } = await verify(settled.rounds, request)
  expect(failures).toEqual([])
  return findings
}

const close = async () => (await newestClose(settled.rounds.table, SETTLED_FILE)) as CloseRecord
const inArchive = (path: string) => join(settled.world.folder, 'var', 'archive', path)
const records = () => settled.rounds.table.list(PARTITION)
const disk = () => onDisk(settled.world, PARTITION)

/** What a repair found, what is left after it, and whether the state is what it was. */
async function repair(before: Record<string, string>) {
  const found = await findings({ repair: true })
  const left = await findings()
  const same = JSON.stringify(await stateOf(settled.world)) === JSON.stringify(before)
  return { found, left, same }
}

describe('what is kept beside the ledgers', () => {
  it.each([
    ['observed', `observed#${site}`, day],
    ['alarms', `alarms#${site}`, 'book'],
    ['notices', 'notices#ops%40example.org', site],
  ])('is checked: %s', async (what, partition, name) => {
    await notify(settled.rounds)
    expect((await verify(settled.rounds)).notes).toEqual([])
    onDisk(settled.world, partition).change(0, ({ data }) => ({ data: `${data} ` }))
    const note = { site, what, name, hint: expect.any(String) }
    expect((await verify(settled.rounds)).notes).toEqual([note])
    const { notes } = await verify(settled.rounds, { repair: true })
    expect(notes).toEqual([what === 'observed' ? { ...note, repaired: true } : note])
    expect((await verify(settled.rounds)).notes).toEqual(what === 'observed' ? [] : [note])
  })

  it('keeps nobody from reading once what was observed is forgotten', async () => {
    onDisk(settled.world, `observed#${site}`).change(0, ({ data }) => ({ data: `${data} ` }))
    const { failures } = await collect(settled.rounds, { via: 'round' })
    expect(new Set(failures.map(({ error }) => error.code))).toEqual(new Set(['item-damaged']))
    await verify(settled.rounds, { repair: true })
    await settled.read(`${WHOLE}\n${lineOf(50)}\n`, 'settle')
    expect(await findings()).toEqual([])
  })
})

describe('a day file that became', () => {
  it.each([
    ['one unfinished line', lineOf(60)],
    ['a line of NUL bytes', '\0'],
    ['empty', ''],
  ])('%s is in order when that was settled', async (_what, content) => {
    await settled.read(content, 'settle')
    expect(await findings()).toEqual([])
    expect(await findings({ source: true })).toEqual([])
    await settled.read(`${content}\n${lineOf(61)}\n${lineOf(62)}`, 'settle')
    expect(await findings({ source: true })).toEqual([])
  })
})

describe('an archive', () => {
  it('that is damaged is told with record and line, and made anew from the table', async () => {
    const before = await stateOf(settled.world)
    const { archive } = await close()
    const path = inArchive(archive.path)
    const bytes = readFileSync(path)
    writeFileSync(path, spoiled(bytes, 500))
    const [finding, ...more] = await findings()
    expect(more).toEqual([])
    expect(finding).toMatchObject({
      ...{ ...SETTLED_FILE, code: 'archive-damaged', side: 'archive', path: archive.path },
      ...{ record: 1, hint: expect.stringContaining('verify --repair writes it anew') },
    })
    expect(await repair(before)).toEqual({
      found: [{ ...finding, repaired: true }],
      left: [],
      same: true,
    })
  })

  it('that is gone is made anew from the table', async () => {
    const before = await stateOf(settled.world)
    const { archive } = await close()
    rmSync(inArchive(archive.path))
    expect(await findings()).toMatchObject([{ code: 'archive-missing', path: archive.path }])
    expect(await repair(before)).toMatchObject({ left: [], same: true })
  })

  it('that has something behind its last record loses it', async () => {
    const before = await stateOf(settled.world)
    const path = inArchive((await close()).archive.path)
    writeFileSync(path, Buffer.concat([readFileSync(path), Buffer.from('more')]))
    expect(await findings()).toMatchObject([{ message: expect.stringContaining('goes on behind') }])
    expect(await repair(before)).toMatchObject({ left: [], same: true })
  })

  it('is proved by records of the table and its own together', async () => {
    const before = await stateOf(settled.world)
    const path = inArchive((await close()).archive.path)
    // Record 1 is damaged in the archive, record 2 has left the table.
    writeFileSync(path, spoiled(readFileSync(path), 500))
    const { version } = (await records())[1]!
    await settled.rounds.table.remove({ partition: PARTITION, sort: sequenceKey(2) }, version)
    expect(await findings()).toMatchObject([{ code: 'archive-damaged', record: 1 }])
    const { found, left } = await repair(before)
    expect({ found, left }).toMatchObject({ found: [{ repaired: true }], left: [] })
    expect(readFileSync(path)).toHaveLength((await close()).archive.bytes)
  })

  it('whose records have left the table is told with its place, and left as it is', async () => {
    const { archive } = await close()
    for (const { sort, version } of (await records()).slice(0, -1)) {
      await settled.rounds.table.remove({ partition: PARTITION, sort }, version)
    }
    const path = inArchive(archive.path)
    const bytes = readFileSync(path)
    const readAt = bytes.indexOf('readAtMs') + 'readAtMs":1'.length
    for (const at of [4, 40, readAt, 500, bytes.length - 20]) {
      const wrong = spoiled(bytes, at)
      writeFileSync(path, wrong)
      const [finding, ...more] = await findings({ repair: true })
      expect({ at, more }).toEqual({ at, more: [] })
      expect({ at, finding }).toMatchObject({
        finding: { code: 'archive-damaged', hint: expect.stringContaining('from a copy') },
      })
      expect(finding!.lines).toBeDefined()
      expect(finding).not.toHaveProperty('repaired')
      expect(readFileSync(path)).toEqual(wrong)
    }
    rmSync(path)
    expect(await findings({ repair: true })).toMatchObject([{ code: 'archive-missing' }])
    expect(readdirSync(join(path, '..'))).toEqual([])
    writeFileSync(path, bytes)
    expect(await findings()).toEqual([])
  })

  it('that a later settling replaced is made anew from the newer one', async () => {
    const first = await close()
    await settled.read(`${WHOLE}\n${lineOf(50)}\n`, 'settle')
    expect((await close()).sequence).toBeGreaterThan(first.sequence)
    const before = await stateOf(settled.world)
    const path = inArchive(first.archive.path)
    const bytes = readFileSync(path)
    writeFileSync(path, spoiled(bytes, 500))
    expect(await findings()).toMatchObject([
      { code: 'older-archive-damaged', path: first.archive.path, record: 1 },
    ])
    expect(await repair(before)).toMatchObject({ left: [], same: true })
    // Nothing needs it: all of it is in the newer one.
    rmSync(path)
    expect(await findings()).toEqual([])
  })
})

describe('a record in the table', () => {
  it('that differs from the archive is told with its line, and put right', async () => {
    const before = await stateOf(settled.world)
    const [item] = await records()
    const record = decodeRecord(item!) as SegmentRecord
    const body = Buffer.from(record.body)
    body[body.indexOf('X-3')] = 'Y'.charCodeAt(0)
    await put(item!, { ...record, body })
    const [finding, ...more] = await findings()
    expect(more).toEqual([])
    expect(finding).toMatchObject({ code: 'record-differs', record: 1, lines: { from: 4, to: 4 } })
    expect(finding!.text).toContain('|Y-3|')
    expect(finding!.expected).toContain('|X-3|')
    expect(await repair(before)).toMatchObject({ left: [], same: true })
  })

  it('that a disk has damaged is put right, with its expiry', async () => {
    const before = await stateOf(settled.world)
    disk().change(2, ({ data }) => ({ data: `${data} ` }))
    expect(await findings()).toMatchObject([{ code: 'record-damaged', record: 2 }])
    const { found, left } = await repair(before)
    expect({ found, left }).toMatchObject({ found: [{ repaired: true }], left: [] })
    const kept = (await records())[1]!
    expect(before[`${PARTITION} / 00000002`]).toContain(JSON.stringify(kept.data))
    expect(kept.expiresAt).toBeGreaterThan(settled.rounds.clock.now())
  })

  it('is left as it is when the archive is wrong about the same record', async () => {
    const path = inArchive((await close()).archive.path)
    writeFileSync(path, spoiled(readFileSync(path), 500))
    disk().change(1, ({ data }) => ({ data: `${data} ` }))
    const before = await stateOf(settled.world)
    const { found, left, same } = await repair(before)
    expect(found.map(({ code }) => code)).toContain('archive-damaged')
    expect(found.every(({ repaired }) => !repaired)).toBe(true)
    expect({ left, same }).toEqual({ left: found, same: true })
  })

  it('that closes the day can be proved by nothing else', async () => {
    disk().change(5, ({ data }) => ({ data: data.replace('"rows":', '"rows":1') }))
    const before = await stateOf(settled.world)
    const { found, same } = await repair(before)
    expect(found).toMatchObject([{ code: 'record-damaged', record: 5, side: 'table' }])
    expect(found[0]!.hint).toContain('restore the state folder from a copy')
    expect(same).toBe(true)
  })

  it('that is missing or damaged on a day that is not settled is told with its lines', async () => {
    await settled.read(`${WHOLE}\n${lineOf(50)}\n`)
    await settled.read(`${WHOLE}\n${lineOf(50)}\n${lineOf(51)}\n`)
    const items = await records()
    expect(items).toHaveLength(7)
    expect(await findings()).toEqual([])
    const before = await stateOf(settled.world)
    disk().change(6, ({ data }) => ({ data: `${data} ` }))
    const lines = { from: 45, to: 46 }
    expect(await findings()).toMatchObject([{ code: 'record-damaged', record: 6, lines }])
    expect(await repair(before)).toMatchObject({ same: false })
    disk().remove(6)
    expect(await findings()).toMatchObject([{ code: 'record-missing', record: 6, lines }])
    disk().remove(7)
    // Only the figures know that there were more.
    expect(await findings()).toMatchObject([
      { code: 'record-missing', record: 6, message: 'Records 6 to 7 are missing.' },
    ])
  })
})

describe('records that do not make one ledger', () => {
  const wrong: Record<string, (record: SegmentRecord) => object> = {
    'Record 1 is damaged': () => ({ sequence: 9 }),
    'counts 13 lines': ({ rows }) => ({ rows: rows + 3 }),
    'begins at byte 1': () => ({ start: 1 }),
    'ends at byte 7': () => ({ end: 7, until: undefined }),
    'says that its read ended at byte 3': () => ({ until: 3 }),
    'is of generation 5': () => ({ generation: 5 }),
    'holds other bytes than its marker says': () => ({ marker: { length: 3, sha256: 'x' } }),
    'holds other lines than it says': () => ({ pieces: [{ units: 9, bytes: 10, open: false }] }),
    'holds more bytes than it says': () => ({ pieces: [], lines: 0 }),
    'holds 10 lines, not 9': () => ({ lines: 9 }),
    'refers to lines that no record': ({ pieces }) => ({
      pieces: [...pieces, { record: 7, first: 0, units: 1 }],
    }),
  }
  for (const [message, change] of Object.entries(wrong)) {
    it(`is told: the first of them ${message}`, async () => {
      await settled.world.write('a/sys_alarm/system_alarm_20261111.txt', '')
      const file = { ...SETTLED_FILE, day: '2026-11-11' }
      const [item] = await records()
      const partition = ledgerPartition(site, feed, file.day)
      const record = decodeRecord(item!) as SegmentRecord
      const content = encodeRecord({ ...record, ...change(record) })
      await settled.rounds.table.create({ partition, sort: sequenceKey(1) }, content)
      await settled.rounds.table.create(
        { partition: `observed#${site}`, sort: file.day },
        { data: { format: 1, feeds: {}, via: 'round' } },
      )
      expect(await findings()).toMatchObject([
        { ...file, side: 'table', message: expect.stringContaining(message) },
      ])
    })
  }

  const closes: Record<string, (close: CloseRecord) => object> = {
    'Record 5 is damaged': () => ({ sequence: 8 }),
    'counts 45 lines, not 44': ({ rows }) => ({ rows: rows + 1 }),
    'does not close where the records before it end': ({ end }) => ({ end: end - 1 }),
    'has the marker of other bytes': ({ marker }) => ({ marker: { ...marker, sha256: 'x' } }),
    'other than the file': ({ proof }) => ({ proof: { ...proof, sha256: 'x' } }),
    'Settling counted 99 lines, now 45': ({ proof }) => ({ proof: { ...proof, lines: 99 } }),
  }
  for (const [message, change] of Object.entries(closes)) {
    it(`is told: their close record ${message}`, async () => {
      const item = (await records()).at(-1)!
      const record = await close()
      await put(item, { ...record, ...change(record) })
      const found = await findings()
      expect(found[0]!.message).toContain(message)
    })
  }
})

/** Puts a record in the place of an item, as the store writes it. */
async function put({ partition, sort, version, expiresAt }: Item, record: LedgerRecord) {
  const content = { ...encodeRecord(record), ...(expiresAt && { expiresAt }) }
  const write = await settled.rounds.table.replace({ partition, sort }, version, content)
  expect(write.done).toBe(true)
}
