import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { collect } from '../../lib/pipeline.ts'
import { systemClock } from '../../lib/time.ts'
import { builtProgram } from '../fixtures/built-program.ts'
import { startProgram } from '../fixtures/cli-process.ts'
import { folderSite, newWorld, type World } from '../fixtures/rounds-world.ts'
import { BREAKAGES, noise } from '../store/broken-files.ts'

/** States in trouble as an operator meets them: one clear sentence and exit code 2, or healed. */

const DAY = '2026-11-10'
const DAYS = ['--day', DAY]
const COMMANDS = [
  ['collect', ...DAYS],
  ['backfill', ...DAYS],
  ['notify'],
  ['report', ...DAYS],
  ['status', ...DAYS],
  ['alarms'],
]

interface Printed {
  files: object[]
  failures: object[]
}

let world: World
/** The state as it should be, closed. */
let sound: string
let truth: unknown

beforeAll(async () => {
  world = await newWorld()
  sound = mkdtempSync(join(tmpdir(), 'siterounds-sound-'))
  await world.configure({ sites: [folderSite('a'), folderSite('b')] })
  for (const site of ['a', 'b']) {
    const lines = Array.from({ length: 200 }, (_, n) => {
      const stamp = `${DAY} ${String(n % 24).padStart(2, '0')}:00:00`
      return `${site}|X-${n}|node|a text that takes some room|${stamp}||${stamp}\n`
    })
    await world.write(`${site}/sys_alarm/system_alarm_20261110.txt`, lines.join(''))
  }
  await world.json('collect', ...DAYS)
  await world.json('report', ...DAYS)
  cpSync(join(world.folder, 'var'), sound, { recursive: true })
  truth = await told()
})

afterAll(async () => {
  rmSync(sound, { recursive: true, force: true })
  await world?.remove()
})

const state = () => join(world.folder, 'var')

function restore(): void {
  rmSync(state(), { recursive: true, force: true })
  cpSync(sound, state(), { recursive: true })
}

/** Figures and alarms as people get them. */
async function told(): Promise<unknown> {
  const status = await world.json('status', ...DAYS)
  const alarms = await world.json('alarms', '--at', `${DAY}T23:59:00+08:00`)
  return { status, alarms }
}

describe('a store that is (F60, F61)', () => {
  it.each(BREAKAGES)('$what: every command says so, and nothing begins anew', async (one) => {
    restore()
    one.breaks(state())
    const names = readdirSync(state()).sort()
    for (const words of [...COMMANDS, COMMANDS[0]!]) {
      const { exitCode, stdout, stderr } = await world.cli(...words)
      expect({ words, exitCode, stdout }).toEqual({ words, exitCode: 2, stdout: '' })
      expect(stderr).toMatch(one.says)
      expect(stderr.trimEnd()).not.toContain('\n')
      expect(stderr).toContain(join(world.folder, 'var', 'state.db'))
    }
    expect(readdirSync(state()).filter((name) => !/-(shm|wal)$/.test(name))).toEqual(
      names.filter((name) => !/-(shm|wal)$/.test(name)),
    )
    restore()
    expect(await world.json('collect', ...DAYS)).toMatchObject({ files: [], failures: [] })
    expect(await told()).toEqual(truth)
  })

  it('missing: the schedule itself ends at once, and so does the next one', async () => {
    restore()
    rmSync(join(state(), 'state.db'))
    const program = await builtProgram()
    for (let start = 0; start < 2; start += 1) {
      const { exitCode, stdout, stderr } = await startProgram(world.folder, ['run'], program).ended
      expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' })
      expect(stderr).toMatch(/^The store \S+ is missing, but \S+ says that one was made\. Restore/)
      expect(stderr.trimEnd()).not.toContain('\n')
    }
  })

  it('moved away on purpose: all is read anew from the sites', async () => {
    restore()
    rmSync(state(), { recursive: true })
    await world.json('backfill', ...DAYS)
    expect(await told()).toMatchObject({ status: (truth as { status: object[] }).status })
  })
})

describe('a file or a link where the state folder should be', () => {
  it('is told with what to do', async () => {
    writeFileSync(join(world.folder, 'a-file'), '')
    await world.configure({ sites: [folderSite('a')], state: './a-file' }, 'in-the-way.yaml')
    const { exitCode, stderr } = await world.cli('status', '--config', 'in-the-way.yaml')
    expect(exitCode).toBe(2)
    expect(stderr).toMatch(
      /a-file\/state\.db cannot be opened \(.*\)\. A file stands where the state/,
    )
  })
})

describe('one changed byte anywhere in the store (F61)', () => {
  it('never becomes another figure: it is told, or heals from the sites', async () => {
    const whole = readFileSync(join(sound, 'state.db'))
    const seen = { told: 0, right: 0 }
    const steps = 60
    for (let step = 0; step < steps; step += 1) {
      restore()
      const bytes = Buffer.from(whole)
      bytes[Math.floor(((step + 0.37) * whole.length) / steps)]! ^= 1 << (step % 8)
      writeFileSync(join(state(), 'state.db'), bytes)
      const runs = [await world.cli('collect', ...DAYS), await world.cli('status', ...DAYS)]
      const bad = runs.filter(({ exitCode }) => exitCode !== 0)
      for (const { stderr } of bad) {
        expect(stderr).toMatch(
          /Restore the state folder|siterounds verify says|Restore it from a copy|restore it from/,
        )
        expect(stderr).not.toMatch(/not foreseen/)
      }
      if (bad.length > 0) seen.told += 1
      else {
        expect(await world.json('status', ...DAYS)).toEqual((truth as { status: object }).status)
        seen.right += 1
      }
    }
    expect(seen.told).toBeGreaterThan(5)
    expect(seen.right).toBeGreaterThan(5)
  }, 60_000)

  it('in one site’s record keeps no other site, at every round alike', async () => {
    restore()
    const database = new DatabaseSync(join(state(), 'state.db'))
    database.exec(`UPDATE items SET bytes = zeroblob(length(bytes))
                   WHERE partition = 'ledger#a#alarm#${DAY}'`)
    database.close()
    const stamp = `${DAY} 23:30:00`
    const file = join(world.portals, 'b/sys_alarm/system_alarm_20261110.txt')
    const before = readFileSync(file)
    for (let round = 0; round < 2; round += 1) {
      writeFileSync(file, `b|NEW-${round}|n|d|${stamp}||${stamp}\n`, { flag: 'a' })
      const { exitCode, stdout } = await world.cli('collect', ...DAYS, '--json')
      expect(exitCode).toBe(1)
      const { files, failures } = JSON.parse(stdout)
      expect(files).toMatchObject([{ site: 'b', feed: 'alarm', lines: 1 }])
      expect(new Set(failures.map(({ site }: { site: string }) => site))).toEqual(new Set(['a']))
      expect(failures[0]).toMatchObject({
        code: 'item-damaged',
        error: `The item ledger#a#alarm#${DAY} / 00000001 of the store is damaged.`,
        hint: expect.stringMatching(/^siterounds verify says which copy is right/),
      })
    }
    writeFileSync(file, before)
  })
})

describe('the newest writes of a killed process (F60, F62)', () => {
  it.each([
    ['kept', 0, (wal: Buffer) => wal],
    ['cut', 2, (wal: Buffer) => wal.subarray(0, 100)],
    ['NUL bytes', 2, (wal: Buffer) => Buffer.alloc(wal.length)],
    ['noise', 2, (wal: Buffer) => noise(wal.length)],
  ])('%s: what is missing is read again from the sites', async (_, again, spoil) => {
    // The store's file is that of a morning; all that came since stands in state.db-wal.
    restore()
    const rounds = world.open(systemClock)
    for (const site of ['a', 'b']) {
      await world.write(`${site}/sys_alarm/system_alarm_20261111.txt`, `${lineOf(site)}\n`)
    }
    await collect(rounds, { via: 'round', range: { from: '2026-11-11', to: '2026-11-11' } })
    const left = mkdtempSync(join(tmpdir(), 'siterounds-left-'))
    cpSync(state(), left, { recursive: true })
    await rounds.close()
    rmSync(state(), { recursive: true })
    cpSync(left, state(), { recursive: true })
    const wal = join(state(), 'state.db-wal')
    expect(readFileSync(wal).length).toBeGreaterThan(10_000)
    writeFileSync(wal, spoil(readFileSync(wal)))
    const { files, failures } = await world.json<Printed>('collect', '--day', '2026-11-11')
    expect({ files: files.length, failures }).toEqual({ files: again, failures: [] })
    const status = await world.json<{ feed: string; lines: number }[]>(
      'status',
      '--day',
      '2026-11-11',
    )
    expect(status.filter(({ feed }) => feed === 'alarm').map(({ lines }) => lines)).toEqual([1, 1])
    expect(await world.json('status', ...DAYS)).toEqual((truth as { status: object }).status)
    rmSync(left, { recursive: true })
  })
})

function lineOf(site: string): string {
  const stamp = '2026-11-11 08:00:00'
  return `${site}|Y-1|node|text|${stamp}||${stamp}`
}
