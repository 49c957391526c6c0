import { copyFile, open, rename, rm, stat, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { folderSite, httpSite } from '../fixtures/rounds-world.ts'
import { countsOf, inOrder, raise, wholeUnits } from '../ledger/oracle.ts'
import {
  alarmLine,
  alarmLines,
  DAY,
  dayFilePath,
  type LedgerWorld,
  ledgerWorld,
} from './ledger-world.ts'

/** Files that are cut, replaced, rotated or written anew: real files, and rounds over SQLite. */

const feeds = { system: false, service: false }
const PATH = dayFilePath()

let world: LedgerWorld
afterEach(() => world.remove())

const file = () => join(world.portals, PATH)

/** A round over the day, which must tell no failure; how many lines it added. */
async function round(): Promise<number> {
  const { totals, failures } = await world.collect({ day: DAY })
  expect(failures).toEqual([])
  return totals.lines
}

/** The ledger holds each line as often as any of these states did, and the newest one whole. */
async function expectHeld(generation: number, ...states: string[]): Promise<void> {
  const most = countsOf([])
  for (const state of states) raise(most, countsOf(wholeUnits(Buffer.from(state))))
  const held = await world.heldOf()
  expect(inOrder(held.stored)).toEqual(inOrder(most))
  expect(held.newest.toString()).toBe(states.at(-1))
  expect(held.generation).toBe(generation)
  expect(held.lines).toBe([...most.values()].reduce((sum, count) => sum + count, 0))
  // A state that is held adds nothing any more, whoever asks.
  await world.restart()
  expect(await round()).toBe(0)
}

describe.each(['a folder', 'a web server'])('a day file in %s', (place) => {
  beforeEach(async () => {
    world = await ledgerWorld((url) => ({
      sites: [place === 'a folder' ? folderSite('s1', { feeds }) : httpSite('s1', url, { feeds })],
    }))
  })

  it('that is another one under the same inode is read from its beginning (F01)', async () => {
    const [old, other] = [alarmLines(0, 100), alarmLines(500, 620)]
    await world.write(PATH, old)
    expect(await round()).toBe(100)
    const { ino } = await stat(file())
    await world.write(PATH, other)
    expect((await stat(file())).ino).toBe(ino)
    expect(await round()).toBe(120)
    await expectHeld(1, old, other)
  })

  it.each([
    ['other lines', alarmLines(500, 503), 3],
    ['its own first lines', alarmLines(0, 3), 0],
    ['a line half written', `${alarmLines(500, 502)}s1|half`, 2],
  ])(
    'that is shorter than what was read, with %s, is read at once (F02)',
    async (_, cut, added) => {
      const old = alarmLines(0, 100)
      await world.write(PATH, old)
      await round()
      await world.write(PATH, cut)
      expect(await round()).toBe(added)
      const whole = cut.slice(0, cut.lastIndexOf('\n') + 1)
      expect((await world.heldOf()).end).toBe(Buffer.byteLength(whole))
      const grown = `${whole}${alarmLines(700, 702)}`
      await world.write(PATH, grown)
      expect(await round()).toBe(2)
      await expectHeld(1, old, grown)
    },
  )

  it.each([
    ['of the same size', 100],
    ['of a larger size', 140],
  ])('that was cut and grew again between two rounds, %s, is read anew (F03)', async (_, lines) => {
    const [old, other] = [alarmLines(100, 200), alarmLines(500, 500 + lines)]
    if (lines === 100) expect(other.length).toBe(old.length)
    await world.write(PATH, old)
    await round()
    await truncate(file(), 0)
    await world.write(PATH, other)
    expect(await round()).toBe(lines)
    await expectHeld(1, old, other)
  })

  it('that was cut is begun anew once, not after every restart (F04)', async () => {
    await world.write(PATH, alarmLines(0, 100))
    await round()
    await world.write(PATH, alarmLines(500, 510))
    expect(await round()).toBe(10)
    const { records } = await world.heldOf()
    for (let turn = 0; turn < 3; turn += 1) {
      await world.restart()
      expect(await round()).toBe(0)
    }
    expect(await world.heldOf()).toMatchObject({ records, generation: 1 })
  })

  it('that begins like another one is not taken for it (F05)', async () => {
    const head = alarmLines(0, 60)
    await world.write(PATH, head + alarmLines(100, 160))
    await round()
    await world.write(PATH, head + alarmLines(200, 262))
    expect(await round()).toBe(62)
    await expectHeld(1, head + alarmLines(100, 160), head + alarmLines(200, 262))
    // The file of the next day begins alike, and is a file of its own.
    await world.write(dayFilePath('alarm', 's1', '2026-11-11'), head)
    expect((await world.collect({ day: '2026-11-11' })).totals.lines).toBe(60)
  })

  it('of one line, then of two, is read from its first byte on (F06)', async () => {
    await world.write(PATH, '\n')
    expect(await round()).toBe(1)
    await world.write(PATH, `\n${alarmLine('A')}`)
    expect(await round()).toBe(1)
    await expectHeld(0, `\n${alarmLine('A')}`)
  })

  it('that is copied away and cut, its writer going on, doubles nothing (F09)', async () => {
    const old = alarmLines(0, 100)
    await world.write(PATH, old)
    await round()
    // A writer that appends begins at the cut; one with a place of its own leaves a hole of NULs.
    await copyFile(file(), `${file()}.1`)
    const writer = await open(file(), 'r+')
    await truncate(file(), 0)
    const line = alarmLine('after the cut')
    await writer.write(Buffer.from(line), 0, undefined, Buffer.byteLength(old))
    await writer.close()
    expect(await round()).toBe(1)
    const { readings, rejects, newest } = await world.heldOf()
    expect(rejects).toEqual([])
    expect(readings.filter(({ name }) => name === 'after the cut')).toHaveLength(1)
    expect(readings).toHaveLength(101)
    expect(newest.toString()).toBe(`${'\0'.repeat(Buffer.byteLength(old))}${line}`)
  })

  it('that is renamed, copied back and read by a new process adds nothing (F10)', async () => {
    const old = alarmLines(0, 100)
    await world.write(PATH, old)
    await round()
    await rename(file(), `${file()}.1`)
    await copyFile(`${file()}.1`, `${file()}.new`)
    await rename(`${file()}.new`, file())
    await world.restart()
    expect(await round()).toBe(0)
    await world.write(PATH, `${old}${alarmLines(100, 101)}`)
    expect(await round()).toBe(1)
    await expectHeld(0, `${old}${alarmLines(100, 101)}`)
  })

  it('whose place a compressed one takes keeps its lines, and says so (F11)', async () => {
    const old = alarmLines(0, 100)
    await world.write(PATH, old)
    await round()
    const members = [gzipSync(old), gzipSync(alarmLines(100, 110))]
    await world.write(PATH, Buffer.concat(members))
    const { totals, failures } = await world.collect({ day: DAY })
    expect(totals.lines).toBe(0)
    expect(failures.map(({ error }) => error.message)).toEqual([
      'The day file is compressed (gzip).',
    ])
    expect(await world.heldOf()).toMatchObject({ lines: 100, rejects: [], generation: 0 })
    await world.write(PATH, `${old}${alarmLines(100, 110)}`)
    expect(await round()).toBe(10)
    await expectHeld(0, `${old}${alarmLines(100, 110)}`)
  })

  it('that is compressed away beside itself keeps its lines (F11)', async () => {
    const old = alarmLines(0, 100)
    await world.write(PATH, old)
    await round()
    await world.write(`${PATH}.gz`, gzipSync(old))
    await rm(file())
    const { totals, failures } = await world.collect({ day: DAY })
    expect(totals.lines).toBe(0)
    expect(failures.map(({ error }) => error.code)).toEqual(['nothing-found'])
    expect(await world.heldOf()).toMatchObject({ lines: 100, generation: 0 })
  })

  it('that its writer writes whole at every round adds just what is new (F12)', async () => {
    let text = alarmLines(0, 100)
    await world.write(PATH, text)
    expect(await round()).toBe(100)
    for (let count = 100; count < 105; count += 1) {
      await world.write(`${PATH}.new`, text)
      await rename(`${file()}.new`, file())
      expect(await round()).toBe(0)
      text += alarmLines(count, count + 1)
      await world.write(`${PATH}.new`, text)
      await rename(`${file()}.new`, file())
      expect(await round()).toBe(1)
    }
    await expectHeld(0, text)
    // Also when its order changes: no line is new.
    const turned = `${text.split('\n').slice(0, -1).reverse().join('\n')}\n`
    await world.write(PATH, turned)
    expect(await round()).toBe(0)
    await expectHeld(1, text, turned)
  })

  it('that drops its oldest lines adds just what is new (F13)', async () => {
    const states = Array.from({ length: 6 }, (_, n) => alarmLines(n * 10, n * 10 + 100))
    for (const [index, state] of states.entries()) {
      await world.write(PATH, state)
      expect(await round()).toBe(index === 0 ? 100 : 10)
    }
    await expectHeld(5, ...states)
  })
})
