import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { folderSite, httpSite, newWorld, type World } from '../fixtures/rounds-world.ts'

/** `siterounds verify` as an operator meets it. */

let world: World

const DAY = '2026-11-10'
const ALARM = 'a/sys_alarm/system_alarm_20261110.txt'
const ARCHIVE = `ledger/alarm/${DAY}/a/00000001.zst`
const alarm = (name: string) => `a|${name}|n|d|2026-11-10 08:00:00||2026-11-10 08:00:00\n`
const TEXT = ['X', 'Y', 'Z'].map(alarm).join('')
const inArchive = (path: string) => join(world.folder, 'var', 'archive', path)

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  vi.setSystemTime('2026-11-10T12:00:00+08:00')
  world = await newWorld()
  await world.configure({
    sites: [folderSite('a'), folderSite('b')],
    report: { languages: ['en'] },
  })
  await world.write(ALARM, TEXT)
  await world.write('a/sys_monitor/system_info_20261110.txt', 'bad\n')
  await world.json('collect')
  vi.setSystemTime('2026-11-11T02:00:00+08:00')
  await world.json('settle')
})

afterEach(async () => {
  vi.useRealTimers()
  await world.remove()
})

/** One bit of the archive changed, within the stored lines. */
function damageArchive(): void {
  const bytes = readFileSync(inArchive(ARCHIVE))
  bytes[bytes.length - 6]! ^= 1
  writeFileSync(inArchive(ARCHIVE), bytes)
}

const FOUND = {
  ...{ site: 'a', feed: 'alarm', day: DAY, code: 'archive-damaged', side: 'archive' },
  ...{ path: ARCHIVE, record: 1, message: expect.any(String) },
  ...{
    lines: { from: 2, to: 2 },
    text: expect.any(String),
    expected: expect.stringContaining('|Y|'),
  },
  hint: 'The table still has its records: siterounds verify --repair writes it anew.',
}

describe('verify', () => {
  it('says what it checked, at exit code 0, when all is right', async () => {
    expect(await world.cli('verify')).toMatchObject({
      exitCode: 0,
      stdout: '2 day files (2 settled) of 4 records and 2 Parquet files checked: all right.\n',
    })
    expect(await world.json('verify')).toEqual({
      ...{ files: 2, settled: 2, records: 4, parquet: 2, gone: 0 },
      ...{ findings: [], notes: [], failures: [] },
    })
  })

  it('says where something differs, which copy is right, and ends with exit code 1', async () => {
    damageArchive()
    const { stdout, exitCode } = await world.cli('verify')
    expect(exitCode).toBe(1)
    const [heads, row, blank, ...rest] = stdout.split('\n')
    expect(heads).toMatch(/^site +day +feed +where +record +line +found$/)
    expect(row).toMatch(/^a +2026-11-10 +alarm +archive +1 +\d(-\d)? +archive-damaged$/)
    expect(blank).toBe('')
    expect(rest.join(' ')).toContain('verify --repair writes it anew.')
    expect(rest.join(' ')).toContain('2 Parquet files checked: 1 fault found.')
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
    const terminal = await world.cli('verify', '--json')
    expect(terminal).toMatchObject({ exitCode: 1, stderr: '' })
    expect(JSON.parse(terminal.stdout)).toEqual({
      ...{ files: 2, settled: 2, records: 4, parquet: 2, gone: 0, failures: [] },
      ...{ findings: [FOUND], notes: [] },
    })
  })

  it('with --repair puts it right, at exit code 0; after that all is right', async () => {
    const before = readFileSync(inArchive(ARCHIVE))
    damageArchive()
    const { stdout, exitCode } = await world.cli('verify', '--repair')
    expect(exitCode).toBe(0)
    expect(stdout).toContain('archive-damaged, repaired')
    expect(stdout).toMatch(/checked:\s+all\s+repaired\.\n$/)
    expect(readFileSync(inArchive(ARCHIVE))).toEqual(before)
    expect(await world.json('verify')).toMatchObject({ findings: [] })
    damageArchive()
    const { findings } = await world.json<{ findings: object[] }>('verify', '--repair')
    expect(findings).toEqual([{ ...FOUND, repaired: true }])
  })

  it('with --repair leaves what nothing proves, at exit code 1', async () => {
    const database = new DatabaseSync(join(world.folder, 'var', 'state.db'))
    database.exec("DELETE FROM items WHERE partition LIKE 'ledger%' AND sort = '00000001'")
    database.close()
    damageArchive()
    const { stdout, exitCode } = await world.cli('verify', '--repair')
    expect(exitCode).toBe(1)
    expect(stdout).toContain('Restore the archive from a copy')
    expect(stdout).not.toContain('epaired')
  })

  it('looks only at the sites, feeds and days given', async () => {
    rmSync(inArchive(ARCHIVE))
    const found = async (...words: string[]) => {
      const { files, findings } = await world.json<{ files: number; findings: object[] }>(
        'verify',
        ...words,
      )
      return [files, findings.length]
    }
    expect(await found('--site', 'a')).toEqual([2, 1])
    expect(await found('--site', 'b')).toEqual([0, 0])
    expect(await found('--feed', 'system')).toEqual([1, 0])
    expect(await found('--feed', 'system', '--feed', 'alarm', '--day', DAY)).toEqual([2, 1])
    expect(await found('--from', '2026-11-11', '--to', '2026-11-12')).toEqual([0, 0])
    expect(await world.cli('verify', '--day', '2026-11-01')).toMatchObject({
      ...{ exitCode: 0, stdout: 'Nothing is kept of these days.\n' },
    })
  })

  it('with --source compares the files at the sites', async () => {
    expect(await world.cli('verify', '--source')).toMatchObject({ exitCode: 0 })
    await world.write(ALARM, TEXT.replace('|Y|', '|W|'))
    const { stdout, exitCode } = await world.cli('verify', '--source')
    expect(exitCode).toBe(1)
    expect(stdout).toMatch(/^a +2026-11-10 +alarm +site +2 +site-differs$/m)
    expect(stdout.replace(/\s+/g, ' ')).toContain('Line 2 of the file at the site reads “a|W|n|d|')
    rmSync(join(world.portals, ALARM))
    expect((await world.cli('verify', '--source')).stdout).toMatch(/right;\s+1\s+file\s+gone from/)
    await world.configure({ sites: [httpSite('a', 'http://127.0.0.1:1/')] })
    const away = await world.cli('verify', '--source')
    expect(away.exitCode).toBe(1)
    expect(away.stdout).toMatch(/^2 day files .*; not\s+all\s+could be read\.\n$/s)
    expect(away.stderr.split('\n').filter((line) => line.startsWith('a: '))).toHaveLength(1)
    const { failures } = await world.json<{ failures: object[] }>('verify', '--source')
    expect(failures).toContainEqual({
      ...{ site: 'a', feed: 'alarm', day: DAY, code: expect.any(String) },
      ...{ error: expect.any(String), hint: expect.any(String) },
    })
  })

  it('ends with exit code 2 on wrong use, and on a state that cannot be read', async () => {
    const unknown = await world.cli('verify', '--site', 'c')
    expect(unknown).toMatchObject({ exitCode: 2, stdout: '' })
    expect(unknown.stderr).toContain('There is no site “c”.')
    expect(await world.cli('verify', '--day', 'today')).toMatchObject({ exitCode: 2, stdout: '' })
    expect(await world.cli('verify', '--feed', 'x')).toMatchObject({ exitCode: 2, stdout: '' })
    writeFileSync(join(world.folder, 'var', 'state.db'), 'no database')
    const broken = await world.cli('verify')
    expect(broken).toMatchObject({ exitCode: 2, stdout: '' })
    expect(broken.stderr).toContain('state.db')
  })

  it('tells what it does with --help, in 80 columns', async () => {
    const { stdout, exitCode } = await world.cli('verify', '--help')
    expect(exitCode).toBe(0)
    for (const text of ['--source', '--repair', '--day', '--feed', 'Exit code 1 means']) {
      expect(stdout).toContain(text)
    }
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
  })
})
