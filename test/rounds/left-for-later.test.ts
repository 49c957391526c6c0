import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { RoundsError } from '../../lib/errors.ts'
import { siteDays } from '../../lib/ledger/days.ts'
import { collect, notify, type Rounds, report } from '../../lib/pipeline.ts'
import { ledgerPartition } from '../../lib/store/keys.ts'
import { addDays, compactDay, DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../../lib/time.ts'
import { folderSite, newWorld, type World } from '../fixtures/rounds-world.ts'

/** Rounds that leave what is computed of the running day to those who need it. */

const TODAY = '2026-11-20'
const START_MS = Date.parse(`${TODAY}T10:00:00+08:00`)

let world: World
let nowMs: number
let isDown: boolean
let isMailDown: boolean
let rounds: Rounds & { close(): Promise<void> }

beforeEach(async () => {
  nowMs = START_MS
  isDown = false
  isMailDown = false
  world = await newWorld()
  await world.configure({ sites: [folderSite('a', { recipients: ['ops@example.com'] })] })
  const opened = world.open({ now: () => nowMs })
  rounds = {
    ...opened,
    foldLater: true,
    openSource(site) {
      const source = opened.openSource(site)
      return {
        read: (path, from) => (isDown ? Promise.reject(SILENT) : source.read(path, from)),
        close: () => source.close(),
      }
    },
    mailer: {
      send: (message) => (isMailDown ? Promise.reject(NO_MAIL) : opened.mailer.send(message)),
      close: () => opened.mailer.close(),
    },
  }
})
afterEach(async () => {
  await rounds.close()
  await world.remove()
})

const SILENT = new RoundsError('connection', 'retry', 'The site does not answer.')
const NO_MAIL = new RoundsError('mail-connection', 'retry', 'The mail server does not answer.')
const line = (time: string, day = TODAY) => `a|X ${time}|n|d|${day} ${time}:00||${day} ${time}:00\n`
const write = (lines: string[], day = TODAY) =>
  world.write(`a/sys_alarm/system_alarm_${compactDay(day)}.txt`, lines.join(''))

/** A round of the schedule at `atMs`, read a little later; gives how many mails went. */
async function round(atMs: number, lateMs = 0): Promise<number> {
  nowMs = atMs + lateMs
  const behind = await collect(rounds, { via: 'round', paced: true })
  return (await notify(rounds, { behind, at: atMs })).sent.length
}

/** Drops the second record of today's alarms, while the third stands: nobody can read on there. */
async function damage(): Promise<void> {
  const [, second] = await rounds.table.list(ledgerPartition('a', 'alarm', TODAY))
  await rounds.table.remove(second!, second!.version)
}

describe.each([true, false])('an alarm behind hours of rest, left for later: %s', (foldLater) => {
  it.each([
    [1, 0],
    [2, 0],
    [5, 0],
    [5, 400],
  ])('is mailed, with rounds every %i minutes that read %i ms late', async (minutes, lateMs) => {
    rounds = { ...rounds, foldLater }
    await write([line('09:00')])
    const every = minutes * MINUTE_MS
    let sent = 0
    let atMs = START_MS
    for (; atMs < START_MS + 30 * MINUTE_MS; atMs += every) sent += await round(atMs, lateMs)
    await write([line('09:00'), line('10:30')])
    for (; atMs <= START_MS + 46 * MINUTE_MS + every; atMs += every)
      sent += await round(atMs, lateMs)
    expect(sent).toBe(2)
  })

  it('is mailed when the mail server was down as it came', async () => {
    rounds = { ...rounds, foldLater }
    await write([line('09:00')])
    const every = 5 * MINUTE_MS
    let sent = 0
    let atMs = START_MS
    for (; atMs < START_MS + 30 * MINUTE_MS; atMs += every) sent += await round(atMs)
    await write([line('09:00'), line('10:30')])
    isMailDown = true
    for (; atMs < START_MS + 75 * MINUTE_MS; atMs += every) sent += await round(atMs)
    isMailDown = false
    for (; atMs < START_MS + 90 * MINUTE_MS; atMs += every) sent += await round(atMs)
    expect(sent).toBe(2)
  })
})

describe('a ledger of today that cannot be read', () => {
  it('keeps no page of other days, and is told', async () => {
    const yesterday = addDays(TODAY, -1)
    await write([line('08:00', yesterday)], yesterday)
    await write([line('08:00')])
    await round(START_MS)
    await report(rounds)
    for (const time of ['09:00', '09:30']) {
      await write([line('08:00'), line(time)])
      await round(nowMs + 5 * MINUTE_MS)
    }
    await damage()
    await write([line('08:00', yesterday), line('23:00', yesterday)], yesterday)
    await collect(rounds, { via: 'backfill', range: { from: yesterday, to: yesterday } })
    const { published, failures } = await report(rounds)
    expect(failures).toMatchObject([{ site: 'a', error: { code: 'ledger-gap' } }])
    expect(published).toContain(`a/${yesterday}/index.html`)
  })

  it('keeps no mail of alarms that are known', async () => {
    await write([line('09:58')])
    await round(START_MS)
    await write([line('09:58'), line('10:01')])
    await round(START_MS + 5 * MINUTE_MS)
    await write([line('09:58'), line('10:01'), line('10:09')])
    nowMs += 5 * MINUTE_MS
    await collect(rounds, { via: 'round', paced: true })
    await damage()
    const atMs = START_MS + 20 * MINUTE_MS
    const { sent, failures } = await notify(rounds, { at: atMs })
    expect(sent).toMatchObject([{ alarms: 1 }])
    expect(failures).toMatchObject([{ error: { code: 'ledger-gap' } }])
  })
})

it.each([1, 2, 3])(
  'a day before %i days without rounds is computed, site down or not',
  async (days) => {
    await round(START_MS)
    await write([line('10:01')])
    await round(START_MS + 5 * MINUTE_MS + SECOND_MS)
    isDown = true
    let sent = 0
    for (let hour = 0; hour < 3; hour += 1) {
      sent += await round(START_MS + days * DAY_MS + hour * HOUR_MS)
    }
    const tally = (await siteDays(rounds.table, 'a')).get(TODAY)?.feeds.alarm
    expect({ lines: tally?.lines, sent }).toEqual({ lines: 1, sent: 1 })
  },
)
