import { randomUUID } from 'node:crypto'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import type { DescribedAlarm } from '../../lib/alarms/alarm.ts'
import type { TimeLimit } from '../../lib/at-once.ts'
import { RoundsError } from '../../lib/errors.ts'
import type { Mailer, Message } from '../../lib/mail/mailer.ts'
import { outboxMailer } from '../../lib/mail/outbox.ts'
import { SES_LIMITS } from '../../lib/mail/ses.ts'
import { SMTP_LIMITS, SMTP_LIMITS_ON_AWS } from '../../lib/mail/smtp.ts'
import { LEASE_MS } from '../../lib/notify/notice.ts'
import { mailIsDown, notifySite } from '../../lib/notify/send.ts'
import type { Site } from '../../lib/site.ts'
import { noticeKey } from '../../lib/store/keys.ts'
import { memoryTable } from '../../lib/store/memory.ts'
import type { Table } from '../../lib/store/table.ts'
import { MINUTE_MS, SECOND_MS } from '../../lib/time.ts'
import { LAST_MS } from '../../lib/work/work-off.ts'
import { AT, alarm, SETTINGS, SITE } from './alarms.ts'

/** One table, one mailer that keeps what it is given, and a clock that tests move. */
function world() {
  const mails: Message[] = []
  const state = { nowMs: AT }
  const table = memoryTable()
  const mailer: Mailer = {
    async send(message) {
      mails.push(message)
      return { messageId: `<${message.id}@example.com>`, refused: [] }
    },
    async close() {},
  }
  const ports = {
    table,
    mailer,
    clock: { now: () => state.nowMs },
    chance: { fraction: () => 0.5, token: randomUUID as () => string },
  }
  const notify = (
    open: DescribedAlarm[],
    { hasTime, ...change }: Partial<typeof ports> & TimeLimit = {},
    site: Site = SITE,
  ) => {
    const input = { site, open, at: state.nowMs, ...(hasTime && { hasTime }) }
    return notifySite({ ...ports, ...change }, SETTINGS, input)
  }
  return { mails, mailer, table, state, notify }
}

/** The client of AWS begins to count a silence three seconds after the request. */
const LONGEST_SES_MS = SES_LIMITS.answerMs + SES_LIMITS.silenceMs + 3 * SECOND_MS

/** The same table, where some call throws. */
const BUSY = new RoundsError('table-busy', 'retry', 'The table does not answer.')

function faulty(table: Table, method: 'get' | 'create' | 'replace', error = BUSY): Table {
  const fail = async () => {
    throw error
  }
  return { ...table, [method]: fail }
}

function failing(error: Error): Mailer {
  return { send: () => Promise.reject(error), close: async () => {} }
}

const OPEN = [alarm('A', 20), alarm('B', 30), alarm('young', 1)]

describe('notifySite', () => {
  it('sends one mail with what has stood long enough, once', async () => {
    const { notify, mails, state } = world()
    const first = await notify(OPEN)
    // The young one is due when it has stood for a quarter of an hour.
    const nextMs = state.nowMs + 14 * MINUTE_MS
    const sent = { to: 'ops@example.org', group: 'bj01', reason: 'first', alarms: 2 }
    const rest = { waiting: 1, overdue: 0, failures: [], left: false, nextMs }
    expect(first).toEqual({ sent: [sent], ...rest })
    expect(mails).toHaveLength(1)
    expect(mails[0]?.to).toEqual(['ops@example.org'])
    expect(await notify(OPEN)).toEqual({ sent: [], ...rest })
    expect(mails).toHaveLength(1)
  })

  it('sends again for new members only, and under the next id', async () => {
    const { notify, mails, state } = world()
    await notify(OPEN)
    state.nowMs += 14 * MINUTE_MS
    expect(await notify(OPEN)).toMatchObject({ sent: [{ reason: 'new-alarms', alarms: 1 }] })
    expect(mails[1]?.text).toContain('young')
    expect(mails[1]?.text).not.toContain('] A')
    expect(mails[1]?.id).not.toBe(mails[0]?.id)
    expect(mails[1]?.threadId).toBe(mails[0]?.threadId)
  })

  it('does not mail again what recovered and came back by a late line', async () => {
    const { notify, mails, state } = world()
    await notify([alarm('A', 20), alarm('B', 20)])
    state.nowMs += 20 * 24 * 60 * MINUTE_MS
    await notify([alarm('C', 20)])
    expect(mails).toHaveLength(2)
    expect(await notify([alarm('A', 20), alarm('B', 20)])).toMatchObject({ sent: [], waiting: 0 })
  })

  it('writes and sends nothing when nothing is due', async () => {
    const { notify, mails, table, state } = world()
    const none = { sent: [], waiting: 0, overdue: 0, failures: [], left: false }
    const never = { ...none, nextMs: Number.POSITIVE_INFINITY }
    const backfilled = [alarm('old', 900, { backfilled: true })]
    expect(await notify([])).toEqual(never)
    expect(await notify(backfilled)).toEqual(never)
    const nextMs = state.nowMs + 14 * MINUTE_MS
    expect(await notify([alarm('young', 1)])).toEqual({ ...never, waiting: 1, nextMs })
    expect(mails).toEqual([])
    expect(await table.get(noticeKey('ops@example.org', 'bj01'))).toBeUndefined()
  })

  it('mails each recipient once and by itself, and nobody when there is none', async () => {
    const { notify, mails } = world()
    const recipients = ['a@example.org', 'b@example.org', 'a@example.org']
    const result = await notify(OPEN, {}, { ...SITE, recipients })
    expect(result.sent.map((one) => one.to)).toEqual(['a@example.org', 'b@example.org'])
    expect(result.waiting).toBe(1)
    expect(mails.map((one) => one.to)).toEqual([['a@example.org'], ['b@example.org']])
    expect(mails[0]?.id).not.toBe(mails[1]?.id)
    const none = await notify(OPEN, {}, { ...SITE, recipients: [] })
    expect(none).toMatchObject({ sent: [], waiting: 0, failures: [] })
    // One who joins later is told of what is open, the others are not told again.
    const joined = { ...SITE, recipients: [...recipients, 'c@example.org'] }
    expect((await notify(OPEN, {}, joined)).sent).toMatchObject([
      { to: 'c@example.org', reason: 'first', alarms: 2 },
    ])
  })

  it('sends once when many workers come at the same time', async () => {
    const { notify, mails } = world()
    const results = await Promise.all(Array.from({ length: 8 }, () => notify(OPEN)))
    expect(mails).toHaveLength(1)
    expect(results.flatMap((one) => one.sent)).toHaveLength(1)
    expect(results.flatMap((one) => one.failures)).toEqual([])
  })

  it('leaves a site alone while another worker is within a send', async () => {
    const { notify, mailer, mails, state } = world()
    let goOn = () => {}
    const held: Mailer = {
      ...mailer,
      async send(message) {
        await new Promise<void>((resolve) => {
          goOn = resolve
        })
        return mailer.send(message)
      },
    }
    const first = notify(OPEN, { mailer: held })
    await new Promise((resolve) => setImmediate(resolve))
    state.nowMs += MINUTE_MS
    // Whether it goes out is told by the one that sends.
    const elsewhere = { sent: [], waiting: 3, overdue: 0, failures: [], left: false }
    expect(await notify(OPEN)).toEqual(elsewhere)
    goOn()
    expect((await first).sent).toHaveLength(1)
    expect(mails).toHaveLength(1)
  })

  it('sends at most once more, under the same id, when the mark was lost', async () => {
    const { notify, mails, table, state } = world()
    const lost = await notify(OPEN, { table: faulty(table, 'replace') })
    expect(lost.sent).toHaveLength(1)
    expect(lost.failures).toMatchObject([{ code: 'table-busy' }])
    expect(await notify(OPEN)).toMatchObject({ sent: [], waiting: 3 })
    state.nowMs += 2 * MINUTE_MS
    const grown = [...OPEN, alarm('C', 25)]
    const again = await notify(grown)
    expect(again.sent).toMatchObject([{ reason: 'unfinished', alarms: 2 }])
    expect(mails.map((one) => one.id)).toEqual([mails[0]?.id, mails[0]?.id])
    // What came in between has a mail of its own, with an id of its own.
    expect((await notify(grown)).sent).toMatchObject([{ reason: 'new-alarms', alarms: 1 }])
    expect(mails[2]?.id).not.toBe(mails[0]?.id)
    expect((await notify(grown)).sent).toEqual([])
    expect(mails).toHaveLength(3)
  })

  it('keeps that id through a second failure, and never gives it to other alarms', async () => {
    const { notify, mails, table, state } = world()
    await notify([alarm('A', 20)], { table: faulty(table, 'replace') })
    state.nowMs += 3 * MINUTE_MS
    const busy = failing(new RoundsError('mail-later', 'retry', 'later'))
    await notify([alarm('A', 20)], { mailer: busy })
    await notify([alarm('A', 20)])
    expect(mails[1]?.id).toBe(mails[0]?.id)

    const other = world()
    await other.notify([alarm('A', 20)], { table: faulty(other.table, 'replace') })
    other.state.nowMs += 3 * MINUTE_MS
    await other.notify([alarm('B', 20)], { mailer: busy })
    await other.notify([alarm('B', 20)])
    expect(other.mails).toHaveLength(2)
    expect(other.mails[1]?.id).not.toBe(other.mails[0]?.id)
  })

  it('keeps one file in the outbox for a mail sent twice', async () => {
    const { notify, table, state } = world()
    const folder = await mkdtemp(path.join(tmpdir(), 'outbox-'))
    const mailer = outboxMailer(folder)
    await notify(OPEN, { mailer, table: faulty(table, 'replace') })
    state.nowMs += 2 * MINUTE_MS
    expect((await notify(OPEN, { mailer })).sent).toMatchObject([{ reason: 'unfinished' }])
    expect(await readdir(folder)).toHaveLength(1)
    await rm(folder, { recursive: true })
  })

  it('tries again at once after a refusal for now, with everything still waiting', async () => {
    const { notify, mails } = world()
    const busy = failing(new RoundsError('mail-later', 'retry', 'frequency limited'))
    const failed = await notify(OPEN, { mailer: busy })
    const unsent = { sent: [], waiting: 3, overdue: 2 }
    expect(failed).toMatchObject({ ...unsent, failures: [{ code: 'mail-later' }] })
    expect((await notify(OPEN)).sent).toMatchObject([{ reason: 'first', alarms: 2 }])
    expect(mails).toHaveLength(1)
  })

  it('has a lease that outlasts every send, or two workers would send at once', () => {
    expect(LEASE_MS).toBeGreaterThan(SMTP_LIMITS.sendMs)
    expect(LEASE_MS).toBeGreaterThan(LONGEST_SES_MS)
  })

  it('ends every send on AWS within the last minute of a function, with time to note it', () => {
    for (const sendMs of [SMTP_LIMITS_ON_AWS.sendMs, LONGEST_SES_MS]) {
      expect(sendMs).toBeLessThanOrEqual(LAST_MS - 10 * SECOND_MS)
    }
  })

  it('waits for the lease when nobody knows whether the mail was taken', async () => {
    const { notify, mails, state, mailer } = world()
    const unsure: Mailer = {
      ...mailer,
      async send(message) {
        mails.push(message)
        throw new RoundsError('mail-unknown', 'retry', 'connection lost')
      },
    }
    const unknown = await notify(OPEN, { mailer: unsure })
    const unsent = { sent: [], waiting: 3, overdue: 2 }
    expect(unknown).toMatchObject({ ...unsent, failures: [{ code: 'mail-unknown' }] })
    expect((await notify(OPEN)).sent).toEqual([])
    state.nowMs += 2 * MINUTE_MS
    expect((await notify(OPEN)).sent).toMatchObject([{ reason: 'unfinished' }])
    expect(mails.map((one) => one.id)).toEqual([mails[0]?.id, mails[0]?.id])
  })

  it('does not try other recipients with credentials that were refused', async () => {
    const { notify } = world()
    let tries = 0
    const locked: Mailer = {
      async send() {
        tries += 1
        throw new RoundsError('mail-login', 'stop', 'wrong password')
      },
      async close() {},
    }
    const site = { ...SITE, recipients: ['a@example.org', 'b@example.org'] }
    const result = await notify(OPEN, { mailer: locked }, site)
    expect(result).toMatchObject({ sent: [], waiting: 3, failures: [{ class: 'stop' }] })
    expect(tries).toBe(1)
    expect((await notify(OPEN, {}, site)).sent).toHaveLength(2)
  })

  it('does not keep knocking at a server that does not answer', async () => {
    const { notify, mails } = world()
    let tries = 0
    const down: Mailer = {
      async send() {
        tries += 1
        throw new RoundsError('mail-connection', 'retry', 'no answer')
      },
      async close() {},
    }
    const site = { ...SITE, recipients: ['a@example.org', 'b@example.org'] }
    const result = await notify(OPEN, { mailer: down }, site)
    expect(result).toMatchObject({ sent: [], waiting: 3, failures: [{ code: 'mail-connection' }] })
    expect(result.failures.some(mailIsDown)).toBe(true)
    expect(tries).toBe(1)
    await notify(OPEN, {}, site)
    expect(mails).toHaveLength(2)
  })

  it('counts a refused recipient as a failure and still mails the others', async () => {
    const { notify, mailer } = world()
    const choosy: Mailer = {
      ...mailer,
      async send(message) {
        if (message.to[0] === 'gone@example.org') return { messageId: 'x', refused: message.to }
        return mailer.send(message)
      },
    }
    const site = { ...SITE, recipients: ['gone@example.org', 'ops@example.org'] }
    const result = await notify(OPEN, { mailer: choosy }, site)
    expect(result.sent.map((one) => one.to)).toEqual(['ops@example.org'])
    expect(result.failures).toMatchObject([{ code: 'mail-refused', class: 'skip' }])
    expect(result.failures[0]?.message).toContain('gone@example.org')
    expect(result).toMatchObject({ waiting: 3, overdue: 2 })
  })

  it.each(['get', 'create'] as const)(
    'sends nothing when the table fails at %s',
    async (method) => {
      const { notify, mails, table } = world()
      const result = await notify(OPEN, { table: faulty(table, method) })
      const unsent = { sent: [], waiting: 3, overdue: 2 }
      expect(result).toMatchObject({ ...unsent, failures: [{ code: 'table-busy' }] })
      expect(mails).toEqual([])
      expect((await notify(OPEN)).sent).toHaveLength(1)
    },
  )

  it.each(['get', 'create', 'replace'] as const)(
    'throws on what a full store says at %s, and mails once more when there is room (F64)',
    async (method) => {
      const { notify, mails, table, state } = world()
      const full = new RoundsError('store-full', 'stop', 'full')
      await expect(notify(OPEN, { table: faulty(table, method, full) })).rejects.toBe(full)
      state.nowMs += LEASE_MS + 1
      expect((await notify(OPEN)).sent).toHaveLength(1)
      expect(mails).toHaveLength(method === 'replace' ? 2 : 1)
      expect(new Set(mails.map(({ id }) => id)).size).toBe(1)
    },
  )

  it('begins no mail when time is short, and tells that recipients are left', async () => {
    const { notify, mails } = world()
    const recipients = ['a@example.org', 'b@example.org', 'c@example.org']
    const site = { ...SITE, recipients }
    const hasTime = () => mails.length < 2
    const cut = await notify(OPEN, { hasTime }, site)
    expect(cut.sent.map(({ to }) => to)).toEqual(recipients.slice(0, 2))
    // Whoever goes on must look at the site again, and who was mailed is not mailed twice.
    expect(cut).toMatchObject({ left: true, nextMs: undefined, failures: [], overdue: 0 })
    const rest = await notify(OPEN, {}, site)
    expect(rest.sent.map(({ to }) => to)).toEqual(recipients.slice(2))
    expect(rest.left).toBe(false)
  })

  it('leaves a notice of a later release alone', async () => {
    const { notify, mails, table } = world()
    const key = noticeKey('ops@example.org', 'bj01')
    await table.create(key, { data: { format: 2 } })
    expect(await notify(OPEN)).toMatchObject({ waiting: 3, failures: [{ code: 'notice-format' }] })
    expect((await table.get(key))?.data).toEqual({ format: 2 })
    expect(mails).toEqual([])
  })
})
