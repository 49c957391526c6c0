import { beforeEach, describe, expect, it } from 'vitest'
import { RoundsError } from '../../lib/errors.ts'
import { lazyMailer } from '../../lib/mail/lazy-mailer.ts'
import type { Mailer, Message } from '../../lib/mail/mailer.ts'
import { memoryTable } from '../../lib/store/memory.ts'
import { MINUTE_MS } from '../../lib/time.ts'
import { collectWorker } from '../../lib/work/collecting.ts'
import { mailWorker } from '../../lib/work/mailing.ts'
import { workOff } from '../../lib/work/work-off.ts'
import { deliveriesOf, jobsOf, runOf } from './recording.ts'
import { alarmLine, busyTable, settingsOf, siteOf, type WorkWorld, workWorld } from './world.ts'

const AT = '2026-11-10T08:00:00Z'
const DAY = '2026-11-10'
const ROUND = { id: 'r-1', job: 'round', at: AT, settings: 1 }
const MAIL = { ...ROUND, job: 'notify' }
const WELL = { batchItemFailures: [] }
const LATER = new RoundsError('mail-later', 'retry', 'SES takes no more mails.', 'Later.')

let world: WorkWorld
beforeEach(() => begin(workWorld(Date.parse(AT) + 20_000)))

/** Two sites of which each has an alarm that has stood since three in the afternoon. */
async function begin(fresh: WorkWorld, settings = settingsOf(['a', 'b'])): Promise<void> {
  world = fresh
  await world.apply(settings)
  for (const site of ['a', 'b']) {
    const path = `${site}/sys_alarm/system_alarm_20261110.txt`
    world.files.set(path, alarmLine(site, 'LINK_DOWN', DAY, '15:00:00'))
  }
  await workOff(collectWorker(world.ports), deliveriesOf(ROUND), runOf())
}

const mailed = (job: object) => workOff(mailWorker(world.ports), deliveriesOf(job), runOf())

describe('mails about some sites', () => {
  it('are sent once, counted, and no connection is left open', async () => {
    expect(await mailed({ ...MAIL, sites: ['a'] })).toEqual(WELL)
    expect(world.mails.map(({ to, subject }) => [to, subject])).toEqual([
      [['ops@example.org'], expect.stringContaining('Site a')],
    ])
    expect(world.metrics().at(-1)).toEqual({ MailsSent: 1, MailsWaiting: 0 })
    expect(world.events('job:done').at(-1)).toMatchObject({ sent: 1, waiting: 0, failed: 0 })
    await mailed({ ...MAIL, sites: ['a'] })
    expect(world.mails).toHaveLength(1)
    expect(world.closed.mailers).toBe(2)
  })

  it('are what the round asked for', async () => {
    const [job] = jobsOf(world.queues.mails.sent)
    await mailed(job!)
    expect(world.mails).toHaveLength(2)
  })

  it.each([
    // Fifteen minutes an alarm must have stood; this one was raised at 07:00:00 UTC.
    ['2026-11-10T07:14:59Z', 0],
    ['2026-11-10T07:15:00Z', 1],
  ])(
    'are due by the time of the job: at %s there are %d, whatever the clock says',
    async (at, n) => {
      await mailed({ ...MAIL, at, sites: ['a'] })
      expect(world.mails).toHaveLength(n)
      // What has not stood long enough is no mail that should have gone out.
      expect(world.metrics().at(-1)).toEqual({ MailsSent: n, MailsWaiting: 0 })
      const told = { sent: n, waiting: 1 - n, overdue: 0 }
      expect(world.events('job:done').at(-1)).toMatchObject(told)
    },
  )

  it('are sent by a late message as well, but not about what was raised since', async () => {
    const path = 'a/sys_alarm/system_alarm_20261110.txt'
    const since = alarmLine('a', 'DISK_FULL', DAY, '16:20:00')
    world.files.set(path, world.files.get(path)! + since)
    await workOff(collectWorker(world.ports), deliveriesOf({ ...ROUND, id: 'r-2' }), runOf())
    world.state.nowMs = Date.parse(AT) + 40 * MINUTE_MS
    await mailed({ ...MAIL, sites: ['a'] })
    expect(world.mails).toHaveLength(1)
    expect(world.mails[0]!.text).toContain('LINK_DOWN')
    expect(world.mails[0]!.text).not.toContain('DISK_FULL')
    expect(world.metrics().at(-1)).toEqual({ MailsSent: 1, MailsWaiting: 0 })
  })

  it('are begun only while there is time: the site is sent on to who is left', async () => {
    const two = siteOf('a', { recipients: ['ops@example.org', 'night@example.org'] })
    await begin(workWorld(Date.parse(AT) + 20_000), settingsOf([], { sites: [two] }))
    // Each mail takes half a minute, as it does when a mail server is slow.
    const getRemainingTimeInMillis = () => 80_000 - 30_000 * world.mails.length
    const run = { ...runOf(), getRemainingTimeInMillis }
    await workOff(mailWorker(world.ports), deliveriesOf({ ...MAIL, sites: ['a'] }), run)
    expect(world.mails.map(({ to }) => to[0])).toEqual(['ops@example.org'])
    expect(world.events('job:done').at(-1)).toMatchObject({ sent: 1, left: 1 })
    const [sentOn] = jobsOf(world.queues.mails.sent.slice(1))
    expect(sentOn).toMatchObject({ job: 'notify', sites: ['a'] })
    await mailed(sentOn!)
    expect(world.mails.map(({ to }) => to[0])).toEqual(['ops@example.org', 'night@example.org'])
  })
})

describe('mails that are not taken', () => {
  it('are tried again site by site, and wait until then', async () => {
    const path = 'b/sys_alarm/system_alarm_20261110.txt'
    const young = alarmLine('b', 'YOUNG', DAY, '15:58:00')
    world.files.set(path, world.files.get(path)! + young)
    await workOff(collectWorker(world.ports), deliveriesOf({ ...ROUND, id: 'r-2' }), runOf())
    world.queues.mails.sent.splice(1)
    world.refuseMails(LATER)
    expect(await mailed({ ...MAIL, sites: ['a', 'b'] })).toEqual(WELL)
    const alone = (site: string) => ({ ...MAIL, sites: [site], tries: 2 })
    expect(jobsOf(world.queues.mails.sent.slice(1))).toEqual([alone('a'), alone('b')])
    expect(world.metrics().at(-1)).toEqual({ MailsSent: 0, MailsWaiting: 2 })
    world.refuseMails()
    await mailed(alone('a'))
    expect(world.mails).toHaveLength(1)
  })

  it('for good are told and left to people: the settings are wrong', async () => {
    world.refuseMails(new RoundsError('mail-from', 'stop', 'SES refused the sender.', 'Verify it.'))
    expect(await mailed({ ...MAIL, sites: ['a', 'b'] })).toEqual(WELL)
    expect(world.queues.mails.sent).toHaveLength(1)
    expect(world.queues.deadLetters.sent).toEqual([])
    // The first one shows that the second would fail like it.
    expect(world.events('mail:failed')).toMatchObject([{ site: 'a', code: 'mail-from' }])
    expect(world.metrics().at(-1)).toEqual({ MailsSent: 0, MailsWaiting: 2 })
  })

  it('because the table is busy are tried again', async () => {
    let isBusy = false
    const busy = busyTable(memoryTable(), (partition) => isBusy && partition.startsWith('alarms#'))
    await begin(workWorld(Date.parse(AT) + 20_000, busy))
    isBusy = true
    await mailed({ ...MAIL, sites: ['a'] })
    expect(jobsOf(world.queues.mails.sent.slice(1))).toMatchObject([{ sites: ['a'], tries: 2 }])
  })

  it('because the table is gone leave no connection open behind the dead letter', async () => {
    const table = memoryTable()
    await begin(workWorld(Date.parse(AT) + 20_000, table))
    const { get } = table
    table.get = async (key) => {
      if (!key.partition.startsWith('alarms#')) return get(key)
      throw new RoundsError('table-missing', 'stop', 'The table is not there.', 'Deploy it.')
    }
    expect(await mailed({ ...MAIL, sites: ['a'] })).toEqual(WELL)
    expect(world.queues.deadLetters.sent[0]!.reason).toMatch(/^table-missing: /)
    expect(world.closed.mailers).toBe(1)
  })
})

describe('a mailer that is loaded with the first mail', () => {
  const message: Message = {
    ...{ from: 'a@example.org', to: ['b@example.org'], subject: 's', text: 't', html: 'h' },
    ...{ id: 'id', threadId: 'id' },
  }
  function loading() {
    const done = { loads: 0, closes: 0 }
    let failure: Error | undefined = LATER
    const mailer: Mailer = {
      send: async () => ({ messageId: 'm', refused: [] }),
      async close() {
        done.closes += 1
      },
    }
    const load = async () => {
      done.loads += 1
      if (failure) throw failure
      return mailer
    }
    return { done, lazy: lazyMailer(load), mend: () => (failure = undefined) }
  }

  it('is not loaded to be closed', async () => {
    const { lazy, done } = loading()
    await lazy.close()
    expect(done).toEqual({ loads: 0, closes: 0 })
  })

  it('tells the mail alone why it cannot be loaded, and is tried again by the next', async () => {
    const { lazy, done, mend } = loading()
    await expect(lazy.send(message)).rejects.toBe(LATER)
    await lazy.close()
    mend()
    await Promise.all([lazy.send(message), lazy.send(message)])
    await lazy.close()
    expect(done).toEqual({ loads: 2, closes: 1 })
  })
})
