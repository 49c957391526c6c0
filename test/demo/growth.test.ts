import {
  appendFile,
  cp,
  mkdtemp,
  readdir,
  readFile,
  rm,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { growSampleSites, PAST_DAYS, replaceSystemFile } from '../../demo/growth.ts'
import { dayFilePath, dayPieces } from '../../demo/sample-files.ts'
import { feedsOf, SAMPLE_SITES, type SampleSite } from '../../demo/sample-sites.ts'
import { seeded } from '../../demo/seeded.ts'
import type { Day, Feed } from '../../lib/site.ts'
import { addDays, HOUR_MS, MINUTE_MS } from '../../lib/time.ts'

const [east, south, west] = SAMPLE_SITES as [SampleSite, SampleSite, SampleSite]

/** 20:00 of the 20th in Shanghai, 13:00 in Berlin. */
const NOW = Date.parse('2026-11-20T12:00:00Z')
const TODAY = '2026-11-20'

/** Written once; each test changes a copy. */
let grown: string
let folder: string

beforeAll(async () => {
  grown = await mkdtemp(join(tmpdir(), 'grown-'))
  await growSampleSites(grown, NOW)
})

afterAll(async () => {
  await rm(grown, { recursive: true })
})

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'growth-'))
  await cp(grown, folder, { recursive: true, preserveTimestamps: true })
})

afterEach(async () => {
  await rm(folder, { recursive: true })
})

function pathOf(site: SampleSite, feed: Feed, day: Day): string {
  return join(folder, site.id, dayFilePath(feed, day))
}

async function read(site: SampleSite, feed: Feed, day: Day): Promise<Buffer> {
  return readFile(pathOf(site, feed, day))
}

function bytesUpTo(site: SampleSite, feed: Feed, day: Day, nowMs: number): Buffer {
  const due = dayPieces(site, feed, day).filter((piece) => piece.atMs <= nowMs)
  return Buffer.concat(due.map((piece) => piece.bytes))
}

test('writes the past days whole and today as far as it has come', async () => {
  await growSampleSites(folder, NOW)
  for (const site of SAMPLE_SITES) {
    for (const feed of feedsOf(site)) {
      const isToday = feed !== 'service' || site === west
      const names = await readdir(
        join(folder, site.id, `sys_${feed === 'system' ? 'monitor' : feed}`),
      )
      expect(names).toHaveLength(PAST_DAYS[feed] + (isToday ? 1 : 0))
      const day = addDays(TODAY, -1)
      expect(await read(site, feed, day)).toEqual(bytesUpTo(site, feed, day, NOW))
      if (isToday) expect(await read(site, feed, TODAY)).toEqual(bytesUpTo(site, feed, TODAY, NOW))
    }
  }
  expect(await readdir(join(folder, 'west'))).not.toContain('sys_alarm')
})

test('a past file that the site replaced has lost its morning', async () => {
  const replaced = Array.from({ length: 14 }, (_, nth) => addDays(TODAY, -1 - nth)).filter((day) =>
    east.replacedOn!(day),
  )
  expect(replaced.length).toBeGreaterThan(0)
  for (const day of replaced) {
    const whole = bytesUpTo(east, 'system', day, NOW)
    const held = await read(east, 'system', day)
    expect(held.length).toBeLessThan(whole.length * 0.6)
    expect(whole.subarray(-held.length)).toEqual(held)
    expect(held.toString().split('\n')[0]).toContain(`${day} 11:40:00`)
  }
})

test('random steps over midnight only append, and end as the whole day', async () => {
  const next = seeded('steps')
  const held = new Map<SampleSite, Buffer>()
  let unfinished = 0
  const endMs = east.zone.endOf(TODAY) + HOUR_MS
  for (let nowMs = NOW; nowMs < endMs; nowMs += Math.ceil(next() * 30 * MINUTE_MS)) {
    await growSampleSites(folder, nowMs)
    for (const site of [east, south]) {
      const before = held.get(site) ?? Buffer.alloc(0)
      const now = await read(site, 'system', TODAY)
      expect(now.subarray(0, before.length).equals(before)).toBe(true)
      const due = bytesUpTo(site, 'system', TODAY, nowMs)
      expect(due.subarray(0, now.length).equals(now)).toBe(true)
      // At most the half of one line is held back.
      expect(due.length - now.length).toBeLessThan(100)
      if (now.at(-1) !== 0x0a) unfinished++
      held.set(site, now)
    }
  }
  expect(unfinished).toBeGreaterThan(3)
  await growSampleSites(folder, endMs)
  for (const site of [east, south]) {
    for (const feed of feedsOf(site)) {
      expect(await read(site, feed, TODAY)).toEqual(bytesUpTo(site, feed, TODAY, endMs))
    }
    expect((await read(site, 'system', addDays(TODAY, 1))).length).toBeGreaterThan(0)
  }
})

test('continues after a kill in the middle of a line, without doubling any', async () => {
  const yesterday = addDays(TODAY, -1)
  for (const day of [TODAY, yesterday]) {
    for (const length of [0, 10, 20_002]) {
      await truncate(pathOf(south, 'system', day), length)
      await growSampleSites(folder, NOW + 5 * MINUTE_MS)
      await growSampleSites(folder, NOW + 6 * MINUTE_MS)
      const expected = bytesUpTo(south, 'system', day, NOW + 6 * MINUTE_MS)
      expect(await read(south, 'system', day)).toEqual(expected)
    }
  }
})

test('a finished file is left alone, one of another make is written anew', async () => {
  const day = addDays(TODAY, -3)
  const path = pathOf(east, 'alarm', day)
  const endMs = east.zone.endOf(day)
  await writeFile(path, 'kept\n')
  await utimes(path, endMs / 1000, endMs / 1000)
  await appendFile(pathOf(west, 'system', TODAY), 'not of ours\n')
  await growSampleSites(folder, NOW)
  expect(await readFile(path, 'utf8')).toBe('kept\n')
  const anew = await read(west, 'system', TODAY)
  expect(anew.includes('not of ours')).toBe(false)
  expect(bytesUpTo(west, 'system', TODAY, NOW).subarray(0, anew.length)).toEqual(anew)
})

test('replaced today: the earlier half is gone, the rest grows on over midnight', async () => {
  const before = await read(east, 'system', TODAY)
  expect(await replaceSystemFile(folder, NOW)).toBe(true)
  const after = await read(east, 'system', TODAY)
  expect(after.length).toBeLessThanOrEqual(before.length / 2)
  expect(before.subarray(-after.length)).toEqual(after)
  expect(before.at(-after.length - 1)).toBe(0x0a)
  const firstLine = after.subarray(0, after.indexOf(0x0a) + 1)
  for (const nowMs of [NOW + HOUR_MS, NOW + 26 * HOUR_MS]) {
    await growSampleSites(folder, nowMs)
    await growSampleSites(folder, nowMs)
    const whole = bytesUpTo(east, 'system', TODAY, nowMs)
    expect(await read(east, 'system', TODAY)).toEqual(whole.subarray(whole.indexOf(firstLine)))
  }
})

test('a file of less than two lines is not replaced', async () => {
  const path = pathOf(east, 'system', TODAY)
  for (const length of [0, 30]) {
    await truncate(path, length)
    expect(await replaceSystemFile(folder, NOW)).toBe(false)
  }
  await rm(path)
  expect(await replaceSystemFile(folder, NOW)).toBe(false)
})

test('the south writes its service line in the evening and ends it after midnight', async () => {
  const eveningMs = south.zone.endOf(TODAY) - 5 * MINUTE_MS
  await growSampleSites(folder, eveningMs)
  const line = await read(south, 'service', TODAY)
  expect(line.toString()).toMatch(/^south(\|\d+){7}\|2026-11-20 23:50:00$/)
  await growSampleSites(folder, eveningMs + 20 * MINUTE_MS)
  expect((await read(south, 'service', TODAY)).toString()).toBe(`${line}\r\n`)
})
