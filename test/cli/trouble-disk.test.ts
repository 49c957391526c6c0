import { chmodSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { keepRounds } from '../../lib/cli/run.ts'
import { compactDay, systemClock, Zone } from '../../lib/time.ts'
import { builtProgram } from '../fixtures/built-program.ts'
import { type Surroundings, startProgram } from '../fixtures/cli-process.ts'
import { folderSite, newWorld, type World } from '../fixtures/rounds-world.ts'
import { type SmallDisk, smallDisk, whyNoDisk } from '../fixtures/small-disk.ts'

/** The disk of the state is full, read-only, forbidden, or gone (F64). */

const DAY = '2026-11-10'
const COLLECT = ['collect', '--day', DAY]
const STATUS = ['status', '--day', DAY]
const FULL = /Make room on the disk/
const READ_ONLY = /^The store \S+ cannot be (written to|opened) \(.+\)\. (Let|See) /

let world: World
const state = () => join(world.folder, 'var')

beforeEach(async () => {
  world = await newWorld()
})

afterEach(() => world.remove())

/** Lines that do not shrink much when they are compressed: a store of some hundred KiB. */
async function writeSites(sites: number): Promise<void> {
  let state = 7
  for (let site = 0; site < sites; site += 1) {
    const id = `s${site}`
    const lines = Array.from({ length: 800 }, (_, n) => {
      state = (state * 48_271) % 2_147_483_647
      const stamp = `${DAY} ${String(n % 24).padStart(2, '0')}:00:00`
      return `${id}|X-${state}|n${state * 7}|${(state * 31).toString(36)}|${stamp}||${stamp}\n`
    })
    await world.write(`${id}/sys_alarm/system_alarm_20261110.txt`, lines.join(''))
  }
}

const sites = (count: number) => Array.from({ length: count }, (_, n) => folderSite(`s${n}`))

/** What a command printed, and how it ended. */
interface Ran {
  exitCode: number | null
  stdout: string
  stderr: string
}

/** One sentence on standard error beside the progress, nothing on standard output, exit code 2. */
function oneSentence(ran: Ran, says: RegExp): void {
  const sentences = ran.stderr.replace(/^(Collecting|Building pages) \d+\/\d+\n/gm, '').trimEnd()
  expect(sentences).toMatch(says)
  expect(sentences).not.toContain('\n')
  expect({ exitCode: ran.exitCode, stdout: ran.stdout }).toEqual({ exitCode: 2, stdout: '' })
}

const noDisk = whyNoDisk()
if (noDisk) console.log(`tests of full and read-only disks are skipped: ${noDisk}`)

describe.skipIf(noDisk)('a disk that', () => {
  let disk: SmallDisk
  const SITES = 4

  beforeEach(async () => {
    disk = smallDisk(6)
    await writeSites(SITES)
    await world.configure({ sites: sites(SITES), state: disk.folder })
  })

  afterEach(() => disk.remove())

  /** What another state, on a disk with room, knows. */
  async function truth(): Promise<unknown> {
    await world.configure({ sites: sites(SITES), state: './elsewhere' }, 'elsewhere.yaml')
    await world.json(...COLLECT, '--config', 'elsewhere.yaml')
    return world.json(...STATUS, '--config', 'elsewhere.yaml')
  }

  it.each([0, 4096, 40_960, 81_920, 163_840, 327_680])(
    'is full but for %i bytes: one sentence; with room the next command goes on (F64)',
    async (freeBytes) => {
      disk.fill(freeBytes)
      for (const words of [COLLECT, COLLECT]) oneSentence(await world.cli(...words), FULL)
      disk.makeRoom()
      expect((await world.cli(...COLLECT)).exitCode).toBe(0)
      expect(await world.json(...STATUS)).toEqual(await truth())
    },
  )

  it('fills up while collecting: no half state, and the rest follows (F63, F64)', async () => {
    await world.json('status')
    disk.fill(260_000)
    const ran = await world.cli(...COLLECT)
    oneSentence(ran, FULL)
    disk.makeRoom()
    const before = await world.json<{ lines: number }[]>(...STATUS)
    const { exitCode } = await world.cli(...COLLECT)
    expect(exitCode).toBe(0)
    expect(await world.json(...STATUS)).toEqual(await truth())
    // Some sites were whole before the disk was full, and no site in part.
    for (const { lines } of before) expect([0, 800]).toContain(lines)
  })

  it('fills up while pages are written: none is half, and the next report goes on', async () => {
    await world.json(...COLLECT)
    disk.fill(100_000)
    oneSentence(await world.cli('report', '--day', DAY), FULL)
    const unfinished = join(disk.folder, 'site', '.unfinished')
    // Pages of other sites were under way; they end too.
    await vi.waitFor(() => expect(readdirSync(unfinished)).toEqual([]))
    disk.makeRoom()
    expect((await world.cli('report', '--day', DAY)).exitCode).toBe(0)
  })

  it('is full: the schedule ends with one sentence, and does not try on and on', async () => {
    disk.fill(0)
    const program = await builtProgram()
    const { exitCode, stderr } = await startProgram(world.folder, ['run'], program).ended
    expect(exitCode).toBe(2)
    expect(stderr.match(/\n/g)).toHaveLength(1)
    expect(stderr).toMatch(FULL)
  })

  it('fills up while the schedule runs: the round ends it, nothing spins', async () => {
    const rounds = world.open(systemClock)
    const told: string[] = []
    let made = 0
    const kept = keepRounds(
      rounds,
      {
        tell: (line) => void told.push(line),
        before: async () => {
          made += 1
          if (made === 2) disk.fill(0)
          const day = new Zone('Asia/Shanghai').dayOf(systemClock.now())
          const file = `s0/sys_alarm/system_alarm_${compactDay(day)}.txt`
          if (made === 2) await world.write(file, line('s0', day))
        },
      },
      1000,
      sleep(20_000, undefined, { ref: false }),
    )
    await expect(kept).rejects.toMatchObject({ class: 'stop', hint: expect.stringMatching(FULL) })
    expect(made).toBe(2)
    await rounds.close()
    disk.makeRoom()
    expect((await world.cli('collect', '--site', 's0')).exitCode).toBe(0)
  })

  it('is read-only: one sentence; writable again, the next command goes on', async () => {
    await world.json(...COLLECT)
    disk.readOnly(true)
    for (const words of [COLLECT, STATUS, ['report'], ['notify']]) {
      oneSentence(await world.cli(...words), READ_ONLY)
    }
    disk.readOnly(false)
    expect(await world.json(...COLLECT)).toMatchObject({ files: [], failures: [] })
  })

  it('is read-only and empty: one sentence', async () => {
    disk.readOnly(true)
    oneSentence(await world.cli('status'), READ_ONLY)
  })
})

function line(site: string, day: string): string {
  return `${site}|X|n|d|${day} 00:00:01||${day} 00:00:01\n`
}

describe('a user who may not', () => {
  /** Root may do anything: then the program runs as the user “nobody”. */
  const before =
    process.getuid?.() === 0 ? ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'] : []
  let other: Surroundings

  beforeEach(async () => {
    await writeSites(1)
    await world.configure({ sites: sites(1) })
    await world.json(...COLLECT)
    chmodSync(world.folder, 0o755)
    other = { before, ...(await builtProgram()) }
  })

  it.each([
    ['read the state folder', '', 0o600],
    ['write into the state folder', '', 0o555],
    ['read the store', 'state.db', 0o000],
    ['read the marker', 'state.json', 0o000],
  ])('%s is told in one sentence, exit code 2', async (_, name, mode) => {
    for (const path of ['', 'state.db', 'state.json']) {
      chmodSync(join(state(), path), path === '' ? 0o777 : 0o666)
    }
    const changed = join(state(), name)
    chmodSync(changed, mode)
    oneSentence(await startProgram(world.folder, COLLECT, other).ended, READ_ONLY)
    chmodSync(changed, statSync(changed).isDirectory() ? 0o777 : 0o666)
    const { exitCode, stderr } = await startProgram(world.folder, COLLECT, other).ended
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
  })

  it('write to the store is told in one sentence, exit code 2, and may still look', async () => {
    chmodSync(state(), 0o777)
    chmodSync(join(state(), 'state.json'), 0o666)
    chmodSync(join(state(), 'state.db'), 0o444)
    const looked = await startProgram(world.folder, STATUS, other).ended
    expect(looked).toMatchObject({ exitCode: 0, stderr: '' })
    await world.write('s0/sys_alarm/system_alarm_20261111.txt', line('s0', '2026-11-11'))
    const words = ['collect', '--day', '2026-11-11']
    oneSentence(await startProgram(world.folder, words, other).ended, READ_ONLY)
  })

  it('make the state folder is told in one sentence, exit code 2', async () => {
    mkdirSync(join(world.folder, 'locked'), { mode: 0o555 })
    await world.configure({ sites: sites(1), state: './locked/var' }, 'locked.yaml')
    const words = ['status', '--config', 'locked.yaml']
    oneSentence(await startProgram(world.folder, words, other).ended, READ_ONLY)
  })
})

describe('a state folder that is removed', () => {
  it('ends the schedule with one sentence, and is not begun anew by the next start', async () => {
    await writeSites(1)
    await world.configure({ sites: sites(1) })
    const rounds = world.open(systemClock)
    let made = 0
    const kept = keepRounds(
      rounds,
      {
        tell: () => {},
        before: async () => {
          made += 1
          if (made === 2) rmSync(state(), { recursive: true })
        },
      },
      1000,
      sleep(20_000, undefined, { ref: false }),
    )
    await expect(kept).rejects.toMatchObject({
      code: 'store-missing',
      message: expect.stringMatching(/was removed while it was in use\.$/),
    })
    expect(made).toBe(2)
    await rounds.close()
  })
})
