import { readdir, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { between, seeded } from '../../demo/seeded.ts'
import { RoundsError } from '../../lib/errors.ts'
import type { Mailer, Message } from '../../lib/mail/mailer.ts'
import { notify, openAlarms } from '../../lib/pipeline.ts'
import type { Table } from '../../lib/store/table.ts'
import { HOUR_MS, MINUTE_MS, Zone } from '../../lib/time.ts'
import { folderSite } from '../fixtures/rounds-world.ts'
import { alarmLine, DAY, dayFilePath, type LedgerWorld, ledgerWorld } from './ledger-world.ts'

/** Alarms and mails when sites, mail server and store fail: whole rounds over SQLite. */

const BEIJING = new Zone('Asia/Shanghai')
const feeds = { system: false, service: false }
const recipients = ['o@example.com']

let world: LedgerWorld
afterEach(() => world.remove())

/** What goes wrong at this moment with mails and with writing. */
let mailFault: (() => RoundsError | 'taken' | undefined) | undefined
let storeFault: (() => boolean) | undefined
const mails: Message[] = []

async function open(sites = [folderSite('s1', { feeds, recipients })]): Promise<void> {
  mailFault = undefined
  storeFault = undefined
  mails.length = 0
  world = await ledgerWorld(
    () => ({ sites }),
    ({ mailer, table }) => ({ mailer: failing(mailer), table: unwilling(table) }),
  )
}

/** The outbox, unless a mail fault says otherwise; `taken` fails after the mail was taken. */
function failing(mailer: Mailer): Mailer {
  return {
    ...mailer,
    async send(message) {
      const fault = mailFault?.()
      if (fault instanceof RoundsError) throw fault
      mails.push(message)
      const sent = await mailer.send(message)
      if (fault === 'taken') throw new RoundsError('mail-unknown', 'retry', 'The answer was lost.')
      return sent
    },
  }
}

/** The same table, whose writes fail at times. */
function unwilling(table: Table): Table {
  const perhaps = () => {
    if (storeFault?.()) throw new RoundsError('table-busy', 'retry', 'The store did not answer.')
  }
  return {
    ...table,
    create: async (...args) => {
      perhaps()
      return table.create(...args)
    },
    replace: async (...args) => {
      perhaps()
      return table.replace(...args)
    },
  }
}

const lines = new Map<string, string>()
afterEach(() => lines.clear())

/** The names of the alarms that a mail is about, whole: A1 is not A10. */
const names = ({ text }: Message): string[] => text.match(/\bs\d-A\d+\b/g) ?? []

/** One more line of an alarm file of a site. */
async function add(line: string, { site = 's1', day = DAY } = {}): Promise<void> {
  const path = dayFilePath('alarm', site, day)
  lines.set(path, (lines.get(path) ?? '') + line)
  await world.write(path, lines.get(path)!)
}

/** A whole round: read, mail; how many alarms each mail was about. */
async function round(at: string): Promise<number[]> {
  world.now = at
  await world.collect()
  return (await notify(world.rounds)).sent.map(({ alarms }) => alarms)
}

async function openNames(at = world.now): Promise<string[]> {
  const [site] = world.rounds.settings.sites
  const all = await openAlarms(world.rounds, site!, BEIJING.parse(at)!)
  return all.map(({ name }) => name).sort()
}

const page = (path: string) => readFile(join(world.folder, 'var', 'site', path), 'utf8')

describe('a file that is not there', () => {
  it('is no fault before its first line; a site that is down is one (F55)', async () => {
    await open()
    await add(alarmLine('A'), { day: '2026-11-09' })
    world.now = `${DAY} 00:01:00`
    expect((await world.collect()).failures).toEqual([])
    await add(alarmLine('B'))
    expect(await round(`${DAY} 12:00:00`)).toEqual([2])
    // A site whose folder is gone is down: told, and nothing of it is taken for recovered.
    await rename(join(world.portals, 's1'), join(world.portals, 'away'))
    world.now = `${DAY} 12:05:00`
    const { failures } = await world.collect()
    expect(new Set(failures.map(({ error }) => error.code))).toEqual(new Set(['folder-missing']))
    expect(await openNames()).toEqual(['A', 'B'])
  })
})

describe('an occurrence', () => {
  it('is mailed once, though it recovers and late lines raise it again (F71)', async () => {
    await open()
    const raised = `${DAY} 08:00:00`
    await add(alarmLine('A', { raised }))
    const other = world.another()
    world.now = `${DAY} 09:00:00`
    await world.collect()
    const both = await Promise.all([notify(world.rounds), notify(other)])
    await other.close()
    expect(both.flatMap(({ sent }) => sent)).toHaveLength(1)
    await add(alarmLine('A', { raised, ended: `${DAY} 09:30:00`, recorded: `${DAY} 09:30:00` }))
    expect(await round(`${DAY} 09:35:00`)).toEqual([])
    expect(await openNames()).toEqual([])
    await add(alarmLine('A', { raised, recorded: `${DAY} 09:20:00` }))
    expect(await round(`${DAY} 09:40:00`)).toEqual([])
    expect(await openNames()).toEqual([])
    await add(alarmLine('A', { raised, recorded: `${DAY} 09:50:00` }))
    expect(await round(`${DAY} 10:00:00`)).toEqual([])
    expect(await openNames()).toEqual(['A'])
    // Raised anew it is another occurrence, and has a mail of its own.
    await add(alarmLine('A', { raised: `${DAY} 10:10:00` }))
    expect(await round(`${DAY} 11:00:00`)).toEqual([1])
    expect(mails).toHaveLength(2)
  })

  it('that came and went within one round is kept, and mailed as it stands (F75)', async () => {
    await open()
    const flap = (minute: string, ended: boolean) => {
      const raised = `${DAY} 08:${minute}:00`
      return alarmLine('FLAP', { raised, ...(ended && { ended: `${DAY} 08:${minute}:30` }) })
    }
    await add(flap('00', true) + flap('10', true) + flap('20', true))
    await add(alarmLine('GONE', { ended: `${DAY} 08:00:10` }))
    expect(await round(`${DAY} 09:00:00`)).toEqual([])
    await add(flap('30', false) + flap('40', true) + flap('50', false))
    expect(await round(`${DAY} 09:30:00`)).toEqual([2])
    expect(await openNames()).toEqual(['FLAP', 'FLAP'])
    expect((await world.heldOf()).readings).toHaveLength(7)
  })

  it('is known by its texts letter by letter, its description aside (F76)', async () => {
    await open()
    const names = [
      'Disk full',
      'disk full',
      'Disk full ',
      'Disk  full',
      'Ｄisk full',
      'Disk full 2',
    ]
    for (const name of names) await add(alarmLine(name))
    expect(await round(`${DAY} 09:00:00`)).toEqual([names.length])
    const ended = `${DAY} 09:10:00`
    await add(alarmLine('disk full', { ended, recorded: ended }))
    await round(`${DAY} 09:15:00`)
    expect(await openNames()).toEqual(names.filter((name) => name !== 'disk full').sort())
    // A number in the description makes no other occurrence of it.
    const again = alarmLine('Disk full', { recorded: ended }).replace('说明', '92 %')
    await add(again)
    expect(await round(`${DAY} 09:20:00`)).toEqual([])
    expect(await openNames()).toHaveLength(names.length - 1)
  })
})

describe('expiry', () => {
  it('waits while the site cannot be read, and goes on when it can be again (F73)', async () => {
    await open()
    await add(alarmLine('A', { raised: `${DAY} 08:00:00` }))
    await round(`${DAY} 09:00:00`)
    const site = join(world.portals, 's1')
    await rename(site, `${site}-away`)
    for (const day of ['2026-11-12', '2026-11-15', '2026-11-20']) {
      world.now = `${day} 12:00:00`
      expect((await world.collect()).failures).not.toEqual([])
      expect(await openNames()).toEqual(['A'])
    }
    await rename(`${site}-away`, site)
    // All days since are read, and their files are absent: now two days have been seen.
    world.now = '2026-11-20 13:00:00'
    await world.collect()
    expect(await openNames()).toEqual([])
  })
})

describe('a backfill', () => {
  it('of old days mails nothing, opens nothing that ended, is on pages (F74)', async () => {
    await open()
    const [old, ended] = ['2026-11-09 08:00:00', '2026-11-10 07:00:00']
    await add(alarmLine('BOTH', { raised: old, ended, recorded: ended }))
    await round(`${DAY} 08:00:00`)
    await add(alarmLine('BOTH', { raised: old }), { day: '2026-11-09' })
    await add(alarmLine('OLD', { raised: '2026-11-06 08:00:00' }), { day: '2026-11-06' })
    await add(alarmLine('STANDS', { raised: '2026-11-09 09:00:00' }), { day: '2026-11-09' })
    for (const day of ['2026-11-06', '2026-11-09']) {
      await world.collect({ day, via: 'backfill' })
    }
    for (const at of [`${DAY} 09:00:00`, `${DAY} 20:00:00`]) {
      world.now = at
      expect((await notify(world.rounds)).sent).toEqual([])
    }
    expect(await openNames()).not.toContain('BOTH')
    expect(await openNames()).toContain('STANDS')
    await world.report()
    expect(await page('s1/2026-11-06/index.html')).toContain('OLD')
    expect(await page('s1/2026-11-09/index.html')).toContain('STANDS')
    expect(mails).toEqual([])
  })
})

describe('whatever failed', () => {
  it.each(['one', 'two', 'three', 'four', 'five', 'six'])(
    'every mail that is due goes out within two rounds after it stops (F72): seed %s',
    async (seed) => {
      const ids = ['s1', 's2', 's3']
      const both = ['o@example.com', 'p@example.com']
      await open(ids.map((id) => folderSite(id, { feeds, recipients: both })))
      const next = seeded(seed)
      mailFault = () => {
        const dice = between(next, 0, 3)
        if (dice === 0) return new RoundsError('mail-connection', 'retry', 'No answer.')
        if (dice === 1) return new RoundsError('mail-later', 'retry', 'Too many.')
        return dice === 2 ? 'taken' : undefined
      }
      storeFault = () => next() < 0.25
      let atMs = BEIJING.parse(`${DAY} 08:00:00`)!
      const raisedOf = new Map<string, number>()
      for (let count = 0; count < 30; count += 1) {
        const id = ids[between(next, 0, 2)]!
        const raised = BEIJING.textOf(atMs)
        await add(alarmLine(`${id}-A${count}`, { site: id, raised }), { site: id })
        raisedOf.set(`${id}-A${count}`, atMs)
        atMs += 5 * MINUTE_MS
        // A round dies where it dies: the next one is another process.
        await round(BEIJING.textOf(atMs)).catch(() => [])
        if (next() < 0.1) await world.restart()
      }
      const lastRaisedMs = Math.max(...raisedOf.values())
      mailFault = undefined
      storeFault = undefined
      const before = mails.length
      atMs = Math.max(atMs, lastRaisedMs) + 15 * MINUTE_MS
      for (let rounds = 0; rounds < 2; rounds += 1) {
        await round(BEIJING.textOf(atMs))
        atMs += 5 * MINUTE_MS
      }
      expect(mails.length).toBeGreaterThan(before)
      for (const to of both) {
        const told = mails.filter((mail) => mail.to.includes(to)).map(({ text }) => text)
        const untold = [...raisedOf.keys()].filter(
          (name) => !told.some((one) => one.includes(name)),
        )
        expect(untold).toEqual([])
        // Who is mailed twice about an alarm is mailed the same mail: its id tells.
        for (const name of raisedOf.keys()) {
          const about = mails.filter((mail) => mail.to.includes(to) && names(mail).includes(name))
          expect(new Set(about.map(({ id }) => id)).size).toBe(1)
        }
      }
      // Then all is quiet, for hours.
      const after = mails.length
      for (let hours = 1; hours <= 3; hours += 1) {
        expect(await round(BEIJING.textOf(atMs + hours * HOUR_MS))).toEqual([])
      }
      expect(mails.length).toBe(after)
      // The outbox, which knows a mail by its id, holds each one once.
      const files = await readdir(join(world.folder, 'var', 'outbox'))
      expect(files.filter((name) => name.endsWith('.eml'))).toHaveLength(
        new Set(mails.map(({ id }) => id)).size,
      )
    },
  )
})
