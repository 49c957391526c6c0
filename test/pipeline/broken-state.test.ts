import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { bookKey, daysPartition, ledgerPartition, observedPartition } from '../../lib/store/keys.ts'
import type { Key } from '../../lib/store/table.ts'
import { systemClock } from '../../lib/time.ts'
import { folderSite, newWorld, type World } from '../fixtures/rounds-world.ts'

/** What is computed of one site cannot be read: that site fails, and keeps no other. */

let world: World

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  vi.setSystemTime('2026-11-10T12:00:00+08:00')
  world = await newWorld()
  const more = { recipients: ['o@example.com'] }
  await world.configure({ sites: [folderSite('a', more), folderSite('b', more)] })
  for (const site of ['a', 'b']) await grow(site, '08:00')
  await world.json('collect')
  for (const site of ['a', 'b']) await grow(site, '09:00')
})

afterEach(async () => {
  vi.useRealTimers()
  await world.remove()
})

const texts: Record<string, string> = {}
beforeEach(() => {
  for (const site of Object.keys(texts)) delete texts[site]
})

async function grow(site: string, time: string): Promise<void> {
  const stamp = `2026-11-10 ${time}:00`
  texts[site] = `${texts[site] ?? ''}${site}|X-${time}|n|d|${stamp}||${stamp}\n`
  await world.write(`${site}/sys_alarm/system_alarm_20261110.txt`, texts[site])
}

/** Writes an item as a later release would: in a format that this one does not know. */
async function fromTheFuture(key: Key): Promise<void> {
  const rounds = world.open(systemClock)
  const item = (await rounds.table.get(key))!
  const data = { ...item.data, format: 99 }
  const content = { data, ...(item.bytes && { bytes: item.bytes }) }
  expect((await rounds.table.replace(key, item.version, content)).done).toBe(true)
  await rounds.close()
}

async function run(...words: string[]) {
  const { exitCode, stdout } = await world.cli(...words, '--json')
  const told = JSON.parse(stdout) as {
    files?: { site: string }[]
    sent?: { group: string }[]
    failures: { site: string; error: string; hint: string }[]
  }
  return { exitCode, ...told }
}

const RECORD: Key = { partition: ledgerPartition('a', 'alarm', '2026-11-10'), sort: '00000001' }

describe('one site whose items are of another release (F61)', () => {
  for (const [what, key] of [
    ['ledger', RECORD],
    ['figures', { partition: daysPartition('a'), sort: '2026-11-10' }],
    ['book', bookKey('a')],
    ['times of reading', { partition: observedPartition('a'), sort: '2026-11-10' }],
  ] as const) {
    it(`${what}: collect tells it, exit code 1, and reads the other`, async () => {
      await fromTheFuture(key)
      const { exitCode, files, failures } = await run('collect')
      expect(exitCode).toBe(1)
      expect(files!.map(({ site }) => site)).toContain('b')
      expect(new Set(failures.map(({ site }) => site))).toEqual(new Set(['a']))
      expect(failures[0]!.error).toContain('format')
      expect(failures[0]!.hint).toContain('release')
    })
  }

  it('ledger: told at every round alike, and its record is left alone', async () => {
    await fromTheFuture(RECORD)
    const rounds = world.open(systemClock)
    const before = await rounds.table.get(RECORD)
    const first = await run('collect')
    const second = await run('collect')
    expect(second.exitCode).toBe(1)
    expect(second.failures).toEqual(first.failures)
    expect(await rounds.table.get(RECORD)).toEqual(before)
    expect(await rounds.table.list(RECORD.partition)).toHaveLength(1)
    await rounds.close()
  })

  it('book: notify tells it, exit code 1, and mails about the other', async () => {
    await fromTheFuture(bookKey('a'))
    const { exitCode, sent, failures } = await run('notify')
    expect(exitCode).toBe(1)
    expect(sent!.map(({ group }) => group)).toEqual(['b'])
    expect(failures).toMatchObject([{ site: 'a', hint: expect.stringContaining('release') }])
  })

  it('book: report tells it, exit code 1, and publishes the other', async () => {
    await fromTheFuture(bookKey('a'))
    const terminal = await world.cli('report', '--json')
    expect(terminal.exitCode).toBe(1)
    const { published, failures } = JSON.parse(terminal.stdout)
    expect(published).toContain('b/2026-11-10/index.html')
    expect(failures).toMatchObject([{ site: 'a' }])
  })
})

describe('a settling after which the book cannot be brought up', () => {
  it('tells that, and the file that failed beside it; the days are due again', async () => {
    await fromTheFuture(bookKey('a'))
    vi.setSystemTime('2026-11-11T03:00:00+08:00')
    // A web page in the place of a file is refused.
    const page = '<!doctype html><title>Log in</title>'
    await world.write('a/sys_service/system_service_20261110.txt', page)
    const settled = async () => {
      const { stdout } = await world.cli('settle', '--json')
      const { closed, failures } = JSON.parse(stdout) as {
        closed: { site: string; feed: string; unchanged: boolean }[]
        failures: { site: string; feed: string; code: string }[]
      }
      const files = closed.map(({ site, feed, unchanged }) => `${site} ${feed} ${unchanged}`)
      const told = new Set(failures.map(({ site, feed, code }) => `${site} ${feed} ${code}`))
      return { files, failures: [...told] }
    }
    const failures = ['a service not-a-data-file', 'a alarm book-format']
    const first = await settled()
    expect(first).toEqual({ files: ['a alarm false', 'b alarm false'], failures })
    expect(await settled()).toEqual({ files: ['a alarm true'], failures })
  })
})
