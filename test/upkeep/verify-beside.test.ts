import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { newestClose } from '../../lib/ledger/ledger.ts'
import type { CloseRecord } from '../../lib/ledger/record.ts'
import { bookKey, daysPartition } from '../../lib/store/keys.ts'
import { rebuild } from '../../lib/upkeep/rebuild.ts'
import { type VerifyRequest, verify } from '../../lib/upkeep/verify.ts'
import { folderSite } from '../fixtures/rounds-world.ts'
import { onDisk, spoiled } from './damage.ts'
import { stateOf } from './lived-week.ts'
import {
  lineOf,
  SETTLED_FILE,
  SETTLED_LINES,
  SETTLED_PATH,
  type SettledDay,
  settledDay,
} from './settled-day.ts'

/** What verifying compares beside ledger and archive: what is computed, and the sites' files. */

const { site, day } = SETTLED_FILE
const WHOLE = SETTLED_LINES.join('\n')

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

describe('figures', () => {
  it('that are not what the ledger comes to are told, and right after a rebuild', async () => {
    const { table } = settled.rounds
    const key = { partition: daysPartition(site), sort: day }
    const item = (await table.get(key))!
    const feeds = structuredClone(item.data.feeds) as { alarm: { rejects: number } }
    feeds.alarm.rejects += 1
    await table.replace(key, item.version, { data: { ...item.data, feeds } })
    expect(await findings({ repair: true })).toMatchObject([
      { code: 'figures-differ', message: expect.stringContaining('(rejects)') },
    ])
    await rebuild(settled.rounds)
    expect(await findings()).toEqual([])
    await table.remove(key, (await table.get(key))!.version)
    expect(await findings()).toMatchObject([{ code: 'figures-differ' }])
    await rebuild(settled.rounds)
    expect(await findings()).toEqual([])
  })

  it('of other settings, or of a release that reads otherwise, are told as such', async () => {
    const { world, rounds } = settled
    const source = { ...folderSite('a').source, siteIds: ['b'] }
    await world.configure({ sites: [{ ...folderSite('a'), source }] })
    const changed = world.open(rounds.clock)
    const { findings } = await verify(changed)
    await changed.close()
    expect(findings).toMatchObject([
      {
        code: 'counts-differ',
        message: 'Settling counted 45 readings, now 0; 0 rejects, now 45.',
        hint: expect.stringContaining('settings'),
      },
      { code: 'figures-differ' },
    ])
  })
})

describe('a Parquet file', () => {
  it('that is damaged or gone, or of which nothing is known, is told and rebuilt', async () => {
    const before = await stateOf(settled.world)
    const path = `parquet/feed=alarm/day=${day}/part-0-of-1.parquet`
    const bytes = readFileSync(inArchive(path))
    expect((await verify(settled.rounds)).parquet).toBe(1)
    for (const at of [0, 30, bytes.length - 1]) {
      writeFileSync(inArchive(path), spoiled(bytes, at))
      const file = { ...SETTLED_FILE, side: 'archive', path }
      expect(await findings()).toMatchObject([{ ...file, code: 'parquet-damaged' }])
    }
    await rebuild(settled.rounds)
    expect(readFileSync(inArchive(path))).toEqual(bytes)
    rmSync(inArchive(path))
    expect(await findings()).toMatchObject([{ code: 'parquet-missing', path }])
    await rebuild(settled.rounds)
    onDisk(settled.world, `parquet#alarm#${day}`).change(0, ({ data }) => ({ data: `${data} ` }))
    expect(await findings()).toMatchObject([{ code: 'note-damaged', path }])
    await rebuild(settled.rounds)
    expect(await findings()).toEqual([])
    const parquet = (state: Record<string, string>) =>
      Object.entries(state).filter(([name]) => name.includes('parquet'))
    expect(parquet(await stateOf(settled.world))).toEqual(parquet(before))
  })
})

describe('the file at the site', () => {
  const atSite = () => findings({ source: true })

  it('is compared to the byte, and a line that differs is told with its number there', async () => {
    const { world } = settled
    expect(await atSite()).toEqual([])
    await world.write(SETTLED_PATH, WHOLE.replace('|X-30|', '|Z-30|'))
    expect(await atSite()).toMatchObject([
      { code: 'site-differs', side: 'site', lines: { from: 31, to: 31 } },
    ])
    await world.write(SETTLED_PATH, SETTLED_LINES.slice(0, 9).join('\n'))
    expect((await atSite())[0]!.message).toBe('The file at the site ends before line 9.')
    await world.write(SETTLED_PATH, `${WHOLE}\n${lineOf(50)}\n`)
    expect((await atSite())[0]!.message).toMatch(/goes on with line 45: “.*X-44/)
    await rm(join(world.portals, SETTLED_PATH))
    expect(await verify(settled.rounds, { source: true })).toMatchObject({ gone: 1, findings: [] })
  })

  it('may have grown on a day that is not settled', async () => {
    await settled.read(`${WHOLE}\n${lineOf(50)}\n`)
    await settled.world.write(SETTLED_PATH, `${WHOLE}\n${lineOf(50)}\n${lineOf(51)}\n`)
    expect(await atSite()).toEqual([])
  })

  it('that cannot be read is a failure, and no finding', async () => {
    const { world, rounds } = settled
    const source = { kind: 'http', url: 'http://127.0.0.1:1/', allowAddresses: ['127.0.0.0/8'] }
    await world.configure({ sites: [{ ...folderSite('a'), source }] })
    const away = world.open(rounds.clock)
    const { findings, failures, files } = await verify(away, { source: true })
    await away.close()
    expect({ findings, files }).toEqual({ findings: [], files: 1 })
    expect(failures).toMatchObject([{ ...SETTLED_FILE, error: { class: 'retry' } }])
  })
})

describe('verify', () => {
  it('looks at the sites, feeds and days that are asked for', async () => {
    const path = inArchive((await close()).archive.path)
    rmSync(path)
    const range = { from: '2026-11-11', to: '2026-11-12' }
    expect(await findings({ range })).toEqual([])
    expect(await findings({ feeds: ['system'] })).toEqual([])
    expect(
      await findings({ sites: ['a'], feeds: ['alarm'], range: { from: day, to: day } }),
    ).toEqual([expect.objectContaining({ code: 'archive-missing' })])
    await expect(verify(settled.rounds, { sites: ['b'] })).rejects.toThrow('There is no site')
  })

  it('finds nothing wrong while others write what it looks at', async () => {
    let text = WHOLE
    const writing = async () => {
      for (let turn = 0; turn < 8; turn += 1) {
        text += `\n${lineOf(turn)}`
        await settled.read(text, turn % 2 ? 'settle' : undefined)
      }
    }
    let over = false
    const written = writing().finally(() => {
      over = true
    })
    let looks = 0
    for (; !over; looks += 1) expect(await findings()).toEqual([])
    await written
    expect(looks).toBeGreaterThan(3)
  })

  it('leaves the alarm book to rebuild', async () => {
    expect(await settled.rounds.table.get(bookKey(site))).toBeDefined()
    onDisk(settled.world, bookKey(site).partition).change(0, ({ data }) => ({ data: `${data} ` }))
    expect(await findings()).toEqual([])
    expect((await rebuild(settled.rounds)).changed).toEqual([
      { what: 'alarms', site },
      ...[{ what: 'pages' }, { what: 'pages', site }, { what: 'pages', site, day }],
    ])
  })
})
