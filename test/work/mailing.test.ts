import { beforeEach, describe, expect, it } from 'vitest'
import { RoundsError } from '../../lib/errors.ts'
import { lazyMailer } from '../../lib/mail/lazy-mailer.ts'
import type { Mailer, Message } from '../../lib/mail/mailer.ts'
import { memoryTable } from '../../lib/store/memory.ts'
import { collectWorker } from '../../lib/work/collecting.ts'
import { mailWorker } from '../../lib/work/mailing.ts'
import { workOff } from '../../lib/work/work-off.ts'
import { deliveriesOf, jobsOf, runOf } from './recording.ts'
import { alarmLine, busyTable, settingsOf, type WorkWorld, workWorld } from './world.ts'

const AT = '2026-11-10T08:00:00Z'
const DAY = '2026-11-10'
const ROUND = { id: 'r-1', job: 'round', at: AT, settings: 1 }
const MAIL = { ...ROUND, job: 'notify' }
const WELL = { batchItemFailures: [] }
const LATER = new RoundsError('mail-later', 'retry', 'SES takes no more mails.', 'Later.')

let world: WorkWorld
beforeEach(() => begin(workWorld(Date.parse(AT) + 20_000)))

/** Two sites of which each has an alarm that has stood since three in the afternoon. */
async function begin(fresh: WorkWorld): Promise<void> {
  world = fresh
  await world.apply(settingsOf(['a', 'b']))
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
      expect(world.metrics().at(-1)).toEqual({ MailsSent: n, MailsWaiting: 1 - n })
    },
  )
})

describe('mails that are not taken', () => {
  it('are tried again site by site, and wait until then', async () => {
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
