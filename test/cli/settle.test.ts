import { createHash } from 'node:crypto'
import { readdir, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { folderSite, httpSite, newWorld, type World } from '../fixtures/rounds-world.ts'

/** `siterounds settle` and what other commands say of it, as an operator meets them. */

let world: World

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  at('10T12:00')
  world = await newWorld()
  await world.configure({ sites: [folderSite('a')], report: { languages: ['en'] } })
})

afterEach(async () => {
  vi.useRealTimers()
  await world.remove()
})

const at = (text: string) => vi.setSystemTime(`2026-11-${text}:00+08:00`)
const DAY = '2026-11-10'
const SYSTEM = 'a/sys_monitor/system_info_20261110.txt'
const ALARM = 'a/sys_alarm/system_alarm_20261110.txt'
const SERVICE = 'a/sys_service/system_service_20261110.txt'
const cpu = (time: string) => `s1|10.0.0.1|a|cpu|10|5|1|84|2026-11-10 ${time}:00\n`
const alarm = (name: string) => `a|${name}|n|d|2026-11-10 08:00:00||2026-11-10 08:00:00\n`
const COUNTS = 'a|1|2|3|45678|5|6|7|2026-11-10 11:00:00'
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

interface Printed {
  closed: { feed: string; unchanged: boolean; added: number; proof: object; archive: string }[]
  late: object[]
  failures: { site: string; code: string }[]
}

interface Row {
  day: string
  feed: string
  lines: number
  coverage: string
  settled: string | null
  proof: { lines: number; compared: boolean; sha256: string } | null
}

const settle = (...words: string[]) => world.json<Printed>('settle', ...words)

async function row(feed: string, day = DAY): Promise<Row> {
  const rows = await world.json<Row[]>('status', '--day', day)
  return rows.find((one) => one.feed === feed)!
}

/** What explain tells of one feed, on one line. */
async function told(feed: string, day = DAY): Promise<string> {
  const { feeds } = await world.json<{ feeds: { feed: string; sentences: string[] }[] }>(
    'explain',
    'a',
    day,
  )
  return feeds.find((one) => one.feed === feed)!.sentences.join(' ')
}

async function page(): Promise<string> {
  await world.json('report')
  return readFile(join(world.folder, 'var', 'site', 'a', DAY, 'index.html'), 'utf8')
}

describe('a day that is settled', () => {
  it('is proved by what is due; again it is as before, and no page changes', async () => {
    const text = `${cpu('10:00')}bad\n`
    await world.write(SYSTEM, text)
    await world.json('collect')
    expect(await told('system')).toContain('Not settled yet: that is due at 2026-11-11 02:00.')
    at('11T01:59')
    expect(await settle()).toEqual({ closed: [], late: [], failures: [] })
    expect((await world.cli('settle')).stdout).toBe('Nothing is due.\n')
    expect(await page()).toContain('Not settled yet: due from 11-11 02:00 on.')

    at('11T02:00')
    const proof = {
      ...{ readAt: '2026-11-10T18:00:00Z', compared: true, generation: 0, bytes: text.length },
      ...{ lines: 2, readings: 1, rejects: 1, unknown: 0, blank: 0, sha256: sha256(text) },
    }
    const archive = `ledger/system/${DAY}/a/00000001.zst`
    const file = { site: 'a', feed: 'system', day: DAY }
    expect(await settle()).toEqual({
      closed: [{ ...file, unchanged: false, added: 0, proof, archive }],
      late: [],
      failures: [],
    })
    expect(await row('system')).toMatchObject({ settled: '2026-11-11T02:00:00+08:00', proof })
    expect(await row('alarm')).toMatchObject({ settled: null, proof: null })
    expect(await told('system')).toMatch(
      /Settled at 2026-11-11 02:00: the site’s file was read who/,
    )
    expect(await told('alarm')).toContain('at 2026-11-11 02:00 the site had no such file')
    const settled = await page()
    expect(settled).toContain(`${sha256(text)}</span>  system_info_20261110.txt`)

    at('13T02:00')
    expect((await settle()).closed).toMatchObject([{ unchanged: true, added: 0, proof }])
    expect(await page()).toBe(settled)
    expect((await world.json<{ published: string[] }>('report')).published).toEqual([])
  })

  it('is read whole: what rounds missed is added, and told', async () => {
    await world.write(SYSTEM, cpu('10:00'))
    await world.json('collect')
    at('11T02:00')
    await world.write(SYSTEM, cpu('10:00') + cpu('10:05'))
    const { stdout, exitCode } = await world.cli('settle')
    expect(exitCode).toBe(0)
    expect(stdout.replace(/ +/g, ' ')).toContain(`a ${DAY} system 2 1 `)
    expect(stdout).toMatch(/closed\n1 day file settled\.\n$/)
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
    expect((await world.cli('settle', '--day', DAY)).stdout).toMatch(
      /as before\n1 day file as settled before\.\n$/,
    )
  })

  it('is opened again by what comes late, which is told, and settled anew', async () => {
    await world.write(ALARM, alarm('X'))
    await world.json('collect')
    at('11T02:00')
    await settle()
    await world.write(ALARM, alarm('X') + alarm('Y'))
    at('11T09:00')
    await world.json('collect')
    expect(await row('alarm')).toMatchObject({ lines: 2, settled: null, proof: null })
    expect(await told('alarm')).toContain(
      'It was settled at 2026-11-11 02:00, and what came at 2026-11-11 09:00 opened it again',
    )
    expect(await page()).toContain('Settled 11-11 02:00, but more has come since')
    expect((await settle()).closed).toMatchObject([{ feed: 'alarm', proof: { lines: 2 } }])
    expect(await page()).toContain('Settled 11-11 09:00')
  })

  it('is proved by the ledger when its file is gone', async () => {
    await world.write(ALARM, alarm('X'))
    await world.json('collect')
    at('11T02:00')
    await rm(join(world.portals, ALARM))
    const { stdout, exitCode } = await world.cli('settle')
    expect(exitCode).toBe(0)
    expect(stdout).toMatch(/file gone\n1 day file settled; 1 of them by what was received/)
    expect((await row('alarm')).proof).toMatchObject({ lines: 1, compared: false })
    expect(await told('alarm')).toContain('the site’s file was gone or empty')
    expect(await page()).toContain('at the site the file was gone or empty')
  })

  it('counts a service line without a newline, which is provisional no more', async () => {
    await world.write(SERVICE, COUNTS)
    at('11T00:10')
    await world.json('collect')
    expect(await row('service')).toMatchObject({ lines: 0, coverage: 'complete' })
    expect(await page()).toContain('provisional')
    at('11T02:00')
    expect((await settle()).closed).toMatchObject([{ proof: { lines: 1, readings: 1 } }])
    expect(await row('service')).toMatchObject({ lines: 1, coverage: 'complete' })
    const settled = await page()
    expect(settled).toContain('45,678')
    expect(settled).not.toContain('provisional')
    expect(settled).toContain('the last line has no newline and is counted')
    expect(await told('service')).toContain('Its last line has no newline, and is counted.')
    expect(await told('service')).not.toContain('provisional')
    // The same line read again changes nothing; another in its place is provisional again.
    await world.json('collect')
    expect(await page()).toBe(settled)
    await world.write(SERVICE, COUNTS.replace('45678', '45679'))
    at('11T04:00')
    await world.json('collect')
    expect(await page()).toMatch(/provisional[\s\S]*45,679/)
    await settle('--day', DAY)
    const again = await page()
    expect(again).toContain('45,679')
    expect(again).not.toContain('provisional')
  })

  it('has a torn service line as a line that was not understood, and no counts', async () => {
    await world.write(SERVICE, 'a|1|2')
    at('11T02:00')
    await world.json('collect')
    expect((await settle()).closed).toMatchObject([{ proof: { lines: 1, rejects: 1 } }])
    expect(await row('service')).toMatchObject({ lines: 1, coverage: 'partial' })
  })
})

describe('what cannot be settled', () => {
  it('is refused while the day runs, with the time from which it can be', async () => {
    await world.write(SYSTEM, cpu('10:00'))
    const today = await world.cli('settle', '--day', DAY)
    expect(today).toMatchObject({ exitCode: 2, stdout: '' })
    expect(today.stderr).toBe(
      '2026-11-10 still runs; it can be settled from 2026-11-11 00:00 on (Asia/Shanghai). ' +
        'Without days, settle takes what is due.\n',
    )
    const later = await world.cli('settle', '--from', '2026-11-12', '--to', '2026-11-13')
    expect(later).toMatchObject({ exitCode: 2, stdout: '' })
    expect(later.stderr).toContain('2026-11-12 has not begun; it can be settled from 2026-11-13')
  })

  it('is left out of a range, and told', async () => {
    await world.write(SYSTEM, cpu('10:00'))
    at('11T12:00')
    const { stdout, stderr, exitCode } = await world.cli(
      ...['settle', '--from', DAY, '--to', '2026-11-11'],
    )
    expect(exitCode).toBe(0)
    expect(stdout).toContain('1 day file settled.')
    expect(stderr).toContain('2026-11-11 still runs; it can be settled from 2026-11-12 00:00 on')
  })

  it('is refused for a site that is not there; a day of no files is said to be one', async () => {
    const unknown = await world.cli('settle', '--site', 'b')
    expect(unknown).toMatchObject({ exitCode: 2, stdout: '' })
    expect(unknown.stderr).toContain('There is no site “b”.')
    await world.write(SYSTEM, cpu('10:00'))
    const empty = await world.cli('settle', '--day', '2026-11-01')
    expect(empty).toMatchObject({ exitCode: 0, stderr: '' })
    expect(empty.stdout).toContain('Nothing to settle: neither the sites nor the ledger have')
  })

  it('stays open while a site is down, at exit code 1, and other sites are settled', async () => {
    await world.write('b/sys_alarm/system_alarm_20261110.txt', alarm('X').replace('a', 'b'))
    await world.write(ALARM, alarm('X'))
    await world.configure({ sites: [folderSite('a'), folderSite('b')] })
    await world.json('collect')
    at('11T02:00')
    await world.configure({ sites: [httpSite('a', await unusedAddress()), folderSite('b')] })
    const { stdout, stderr, exitCode } = await world.cli('settle')
    expect(exitCode).toBe(1)
    expect(stdout).toContain('1 day file settled.')
    expect(stderr.split('\n').filter((line) => line.startsWith('a: '))).toHaveLength(1)
    expect(await row('alarm')).toMatchObject({ lines: 1, proof: null })
    expect(await told('alarm')).toMatch(/Not settled, which is due since 2026-11-11 02:00/)
    const only = await world.cli('settle', '--site', 'a')
    expect(only).toMatchObject({ exitCode: 1, stdout: 'No day file was settled.\n' })
    expect(await readdir(join(world.folder, 'var', 'archive', 'ledger', 'alarm', DAY))).toEqual([
      'b',
    ])
  })

  it('is told by status and explain when it should be archived long since', async () => {
    await world.configure({ sites: [folderSite('a')], retention: { keepDays: 35 } })
    await world.write(ALARM, alarm('X'))
    await world.json('collect')
    at('20T12:00')
    expect((await world.cli('status')).stderr).toBe('')
    vi.setSystemTime('2026-12-10T12:00:00+08:00')
    const { stderr, exitCode } = await world.cli('status')
    expect(exitCode).toBe(0)
    expect(stderr).toContain('a: 1 day file not archived in time (alarm; 2026-11-10).')
    expect(await told('alarm')).toContain('It should be archived long since.')
    await world.configure({
      sites: [httpSite('a', await unusedAddress())],
      retention: { keepDays: 35 },
    })
    const late = await world.cli('settle')
    expect(late.exitCode).toBe(1)
    expect(late.stderr).toContain('a: 1 day file not archived in time (alarm; 2026-11-10).')
    await world.configure({ sites: [folderSite('a')], retention: { keepDays: 35 } })
    expect(await world.cli('settle')).toMatchObject({ exitCode: 0, stderr: '' })
    expect(await world.cli('status')).toMatchObject({ exitCode: 0, stderr: '' })
  })
})

/** An address of this machine where nothing listens: the port was free a moment ago. */
async function unusedAddress(): Promise<string> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return `http://127.0.0.1:${port}/`
}
