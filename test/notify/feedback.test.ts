import { beforeEach, describe, expect, it } from 'vitest'
import { type Feedback, feedbackIn, feedbackOf, noteFeedback } from '../../lib/notify/feedback.ts'
import { feedbackKey } from '../../lib/store/keys.ts'
import { memoryTable } from '../../lib/store/memory.ts'
import type { Table } from '../../lib/store/table.ts'
import { DAY_MS } from '../../lib/time.ts'

const NOW_MS = Date.parse('2026-11-10T08:00:00Z')
const AT_MS = Date.parse('2016-01-27T14:59:38.237Z')

/** As SES documents it: a bounce with the other server's report. */
const BOUNCE = {
  notificationType: 'Bounce',
  bounce: {
    bounceType: 'Permanent',
    reportingMTA: 'dns; email.example.com',
    bouncedRecipients: [
      {
        emailAddress: 'jane@example.com',
        status: '5.1.1',
        action: 'failed',
        diagnosticCode: 'smtp; 550 5.1.1 <jane@example.com>... User',
      },
    ],
    bounceSubType: 'General',
    timestamp: '2016-01-27T14:59:38.237Z',
    feedbackId: '00000138111222aa-33322211-cccc-cccc-cccc-ddddaaaa068a-000000',
    remoteMtaIp: '127.0.2.0',
  },
  mail: { timestamp: '2016-01-27T14:59:38.237Z', source: 'john@example.com', destination: [] },
}

/** A complaint with the mailbox provider's report. */
const COMPLAINT = {
  notificationType: 'Complaint',
  complaint: {
    userAgent: 'AnyCompany Feedback Loop (V0.01)',
    complainedRecipients: [{ emailAddress: 'richard@example.com' }],
    complaintFeedbackType: 'abuse',
    arrivalDate: '2016-01-27T14:59:38.237Z',
    timestamp: '2016-01-27T14:59:38.237Z',
    feedbackId: '000001378603177f-18c07c78-fa81-4a58-9dd1-fedc3cb8f49a-000000',
  },
  mail: { timestamp: '2016-01-27T14:59:38.237Z', source: 'john@example.com' },
}

const bounced = (more: object, one: object = {}) => ({
  ...BOUNCE,
  bounce: {
    ...BOUNCE.bounce,
    bouncedRecipients: [{ ...BOUNCE.bounce.bouncedRecipients[0], ...one }],
    ...more,
  },
})

describe('what SES tells', () => {
  it('of a bounce for good is why, in the words of the other server', () => {
    const why = 'smtp; 550 5.1.1 <jane@example.com>... User'
    const own = { kind: 'bounced', to: 'jane@example.com', atMs: AT_MS, why }
    expect(feedbackIn(BOUNCE, NOW_MS)).toEqual([own])
  })

  it('as an event says the same under another name', () => {
    const { notificationType: eventType, ...rest } = BOUNCE
    expect(feedbackIn({ eventType, ...rest }, NOW_MS)).toEqual(feedbackIn(BOUNCE, NOW_MS))
  })

  it.each(['Transient', 'Undetermined'])('of a bounce that is %s is a delay', (bounceType) => {
    expect(feedbackIn(bounced({ bounceType }), NOW_MS)).toMatchObject([{ kind: 'delayed' }])
  })

  it('of a complaint is of which kind', () => {
    const own = { kind: 'complaint', to: 'richard@example.com', atMs: AT_MS, why: 'abuse' }
    expect(feedbackIn(COMPLAINT, NOW_MS)).toEqual([own])
  })

  it('without a report has no reason', () => {
    const { complaintFeedbackType: _, ...complaint } = COMPLAINT.complaint
    expect(feedbackIn({ ...COMPLAINT, complaint }, NOW_MS)).toMatchObject([{ why: '' }])
    const recipients = { bouncedRecipients: [{ emailAddress: 'jane@example.com' }] }
    expect(feedbackIn(bounced(recipients), NOW_MS)).toMatchObject([{ why: '' }])
  })

  it('of several addresses is told for each', () => {
    const recipients = ['a@example.com', 'b@example.com'].map((emailAddress) => ({ emailAddress }))
    const both = feedbackIn(bounced({ bouncedRecipients: recipients }), NOW_MS)
    expect(both.map(({ to }) => to)).toEqual(['a@example.com', 'b@example.com'])
  })

  it('with a name beside the address is about the address', () => {
    const emailAddress = '"Doe, Jane" <jane@example.com>'
    expect(feedbackIn(bounced({}, { emailAddress }), NOW_MS)[0]!.to).toBe('jane@example.com')
  })

  it.each([undefined, 'yesterday', '', 5, null, '2099-01-01T00:00:00Z'])(
    'at the time %j is of now',
    (timestamp) => {
      expect(feedbackIn(bounced({ timestamp }), NOW_MS)).toMatchObject([{ atMs: NOW_MS }])
    },
  )
})

describe('a hostile notification', () => {
  it.each<[string, unknown]>([
    ['null', null],
    ['a text', 'Bounce'],
    ['a number', 7],
    ['a list', [BOUNCE]],
    ['an empty object', {}],
    ['something else', { notificationType: 'Delivery', delivery: { recipients: ['a@b'] } }],
    ['a bounce of nothing', { notificationType: 'Bounce' }],
    ['a bounce that is a text', { notificationType: 'Bounce', bounce: 'hard' }],
    ['a bounce that is null', { notificationType: 'Bounce', bounce: null }],
    ['no recipients', bounced({ bouncedRecipients: null })],
    ['recipients that are a text', bounced({ bouncedRecipients: 'jane@example.com' })],
    ['recipients that are nothing', bounced({ bouncedRecipients: [null, 5, 'x', [], {}] })],
    ['an address that is a number', bounced({}, { emailAddress: 5 })],
    ['an empty address', bounced({}, { emailAddress: '' })],
    ['an address of spaces', bounced({}, { emailAddress: ' \n ' })],
    ['a complaint that is a list', { notificationType: 'Complaint', complaint: [] }],
  ])('%s tells nothing, and is no error', (_, notification) => {
    expect(feedbackIn(notification, NOW_MS)).toEqual([])
  })

  it('cannot forge lines, nor fill the table', () => {
    const [own] = feedbackIn(
      bounced(
        {},
        {
          emailAddress: `jane\r\n@example.com${'x'.repeat(5_000)}`,
          diagnosticCode: `550 no\nsuch\u202euser${'y'.repeat(5_000)}`,
        },
      ),
      NOW_MS,
    )
    expect(own!.to).toMatch(/^jane @example.comx+…$/)
    expect(own!.to).toHaveLength(254)
    expect(own!.why).toMatch(/^550 no such usery+…$/)
    expect(own!.why).toHaveLength(300)
  })

  it.each([null, 5, ['x']])('with the reason %j has none', (diagnosticCode) => {
    expect(feedbackIn(bounced({}, { diagnosticCode }), NOW_MS)).toMatchObject([{ why: '' }])
  })
})

describe('the feedback of an address', () => {
  const own: Feedback = { kind: 'bounced', to: 'jane@example.com', atMs: NOW_MS, why: '550' }
  let table: Table
  beforeEach(() => {
    table = memoryTable()
  })

  it('is none before there was any, and then the newest, in whatever order it came', async () => {
    expect(await feedbackOf(table, own.to)).toBeUndefined()
    await noteFeedback(table, own)
    await noteFeedback(table, { ...own, kind: 'delayed', atMs: NOW_MS - 1 })
    expect(await feedbackOf(table, own.to)).toEqual(own)
    const newer: Feedback = { ...own, kind: 'complaint', atMs: NOW_MS + 1, why: 'abuse' }
    await noteFeedback(table, newer)
    expect(await feedbackOf(table, own.to)).toEqual(newer)
  })

  it('is found in capitals as well: servers write addresses as they like', async () => {
    await noteFeedback(table, { ...own, to: 'Jane@Example.COM' })
    expect(await feedbackOf(table, own.to)).toEqual(own)
  })

  it('may leave the table after ninety days', async () => {
    await noteFeedback(table, own)
    const item = await table.get(feedbackKey(own.to))
    expect(item?.expiresAt).toBe(NOW_MS + 90 * DAY_MS)
  })

  it('is the newest of many that are noted at the same time', async () => {
    const times = [5, 3, 9, 1, 7, 9, 2]
    await Promise.all(times.map((n) => noteFeedback(table, { ...own, atMs: NOW_MS + n })))
    expect(await feedbackOf(table, own.to)).toMatchObject({ atMs: NOW_MS + 9 })
  })

  it('of another release is told', async () => {
    await table.create(feedbackKey(own.to), { data: { format: 9 } })
    await expect(feedbackOf(table, own.to)).rejects.toMatchObject({ code: 'feedback-format' })
  })
})
