import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { folderSite, newWorld, type World } from '../fixtures/rounds-world.ts'

/** `siterounds rebuild` as an operator meets it. */

let world: World

const DAY = '2026-11-10'
const alarm = (site: string) => `${site}|X|n|d|2026-11-10 08:00:00||2026-11-10 08:00:00\n`

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  vi.setSystemTime('2026-11-10T12:00:00+08:00')
  world = await newWorld()
  const recipients = ['ops@example.org']
  const sites = [folderSite('a', { recipients }), folderSite('b')]
  await world.configure({ sites, report: { languages: ['en'] } })
  for (const site of ['a', 'b']) {
    await world.write(`${site}/sys_alarm/system_alarm_20261110.txt`, alarm(site))
  }
  await world.json('collect')
  await world.json('notify')
  vi.setSystemTime('2026-11-11T02:00:00+08:00')
  await world.json('settle')
  await world.json('report')
})

afterEach(async () => {
  vi.useRealTimers()
  await world.remove()
})

function inDatabase(sql: string): void {
  const database = new DatabaseSync(join(world.folder, 'var', 'state.db'))
  database.exec(sql)
  database.close()
}

const outbox = () => readdir(join(world.folder, 'var', 'outbox'))
const page = () => join(world.folder, 'var', 'site', 'a', DAY, 'index.html')

describe('rebuild', () => {
  it('says what it computed, and that all came out as it stood', async () => {
    const { stdout, exitCode } = await world.cli('rebuild')
    expect(exitCode).toBe(0)
    expect(stdout).toBe(
      '6 days of 2 sites computed; 1 Parquet file and 6 pages written anew.\n' +
        'Everything came out as it stood.\n',
    )
    expect(await world.json('rebuild')).toEqual({
      ...{ sites: 2, days: 6, changed: [], parquet: 1, pages: 6, failures: [] },
    })
  })

  it('tells what came out otherwise, by kind, and mails nothing', async () => {
    const before = readFileSync(page(), 'utf8')
    const mails = await outbox()
    expect(mails).toHaveLength(1)
    inDatabase("DELETE FROM items WHERE partition LIKE 'days#%' OR partition LIKE 'alarms#a%'")
    rmSync(page())
    const { stdout, exitCode } = await world.cli('rebuild')
    expect(exitCode).toBe(0)
    expect(stdout.split('\n').slice(1)).toEqual([
      'Came out otherwise:',
      '  alarms   a',
      `  figures  a ${DAY}, b ${DAY}`,
      '',
    ])
    expect(readFileSync(page(), 'utf8')).toBe(before)
    inDatabase("DELETE FROM items WHERE partition LIKE 'p%'")
    const { changed } = await world.json<{ changed: object[] }>('rebuild')
    expect(changed).toContainEqual({ what: 'parquet', feed: 'alarm', day: DAY })
    expect(changed).toContainEqual({ what: 'pages' })
    expect(changed).toContainEqual({ what: 'pages', site: 'a' })
    expect(changed).toContainEqual({ what: 'pages', site: 'a', day: DAY })
    expect(await world.json('notify')).toMatchObject({ sent: [] })
    expect(await outbox()).toEqual(mails)
  })

  it('names only the first of many', async () => {
    const sites = ['c', 'd', 'e'].map((id) => folderSite(id))
    await world.configure({ sites: [folderSite('a'), ...sites], report: { languages: ['en'] } })
    await world.json('collect')
    inDatabase("DELETE FROM items WHERE partition LIKE 'p%'")
    const { stdout } = await world.cli('rebuild')
    expect(stdout).toContain(
      '  pages    all sites, a calendar, a 2026-11-10, a 2026-11-11, c calendar',
    )
    expect(stdout).toMatch(/ and\s+11 more\n/)
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
  })

  it('takes only the sites given', async () => {
    inDatabase("DELETE FROM items WHERE partition LIKE 'days#%'")
    const { sites, changed } = await world.json<{ sites: number; changed: object[] }>(
      'rebuild',
      '--site',
      'b',
    )
    expect(sites).toBe(1)
    expect(changed).toContainEqual({ what: 'figures', site: 'b', day: DAY })
    expect(changed).not.toContainEqual({ what: 'figures', site: 'a', day: DAY })
  })

  it('ends with exit code 1 when something cannot be computed, and says what', async () => {
    rmSync(join(world.folder, 'var', 'archive', 'ledger', 'alarm', DAY, 'a'), { recursive: true })
    inDatabase("DELETE FROM items WHERE partition LIKE 'ledger#a#%' AND sort = '00000001'")
    const { stdout, stderr, exitCode } = await world.cli('rebuild')
    expect(exitCode).toBe(1)
    expect(stdout).toContain('6 days of 2 sites computed')
    expect(stderr).toContain(`a ${DAY}: The archive ledger/alarm/${DAY}/a/00000001.zst is gone`)
    const { failures } = await world.json<{ failures: object[] }>('rebuild')
    expect(failures[0]).toEqual({
      ...{ site: 'a', day: DAY, code: 'archive-missing' },
      ...{ error: expect.any(String), hint: expect.stringContaining('Restore the archive') },
    })
  })

  it('ends with exit code 2 on wrong use, and on a state that cannot be read', async () => {
    const unknown = await world.cli('rebuild', '--site', 'c')
    expect(unknown).toMatchObject({ exitCode: 2, stdout: '' })
    expect(unknown.stderr).toContain('There is no site “c”.')
    writeFileSync(join(world.folder, 'var', 'state.db'), 'no database')
    expect(await world.cli('rebuild')).toMatchObject({ exitCode: 2, stdout: '' })
  })

  it('tells what it does with --help, in 80 columns', async () => {
    const { stdout, exitCode } = await world.cli('rebuild', '--help')
    expect(exitCode).toBe(0)
    expect(stdout).toContain('nothing is mailed')
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
  })
})
