import { beforeEach, describe, expect, it } from 'vitest'
import { feedbackOf } from '../../lib/notify/feedback.ts'
import { hearFeedback } from '../../lib/work/hearing.ts'
import { type WorkWorld, workWorld } from './world.ts'

const AT = '2026-11-10T08:00:00.000Z'

let world: WorkWorld
beforeEach(() => {
  world = workWorld(Date.parse(AT) + 20_000)
})

const bounce = (...addresses: string[]) =>
  JSON.stringify({
    eventType: 'Bounce',
    bounce: {
      ...{ bounceType: 'Permanent', timestamp: AT },
      bouncedRecipients: addresses.map((emailAddress) => ({
        emailAddress,
        diagnosticCode: 'smtp; 550 no such user',
      })),
    },
  })

const heard = (...messages: string[]) =>
  hearFeedback(world.ports, { Records: messages.map((Message) => ({ Sns: { Message } })) })

describe('a notification', () => {
  it('is noted for each address, told, and counted', async () => {
    await heard(bounce('a@example.org', 'b@example.org'))
    for (const to of ['a@example.org', 'b@example.org']) {
      const why = 'smtp; 550 no such user'
      const own = { kind: 'bounced', to, atMs: Date.parse(AT), why }
      expect(await feedbackOf(world.table, to)).toEqual(own)
    }
    expect(world.events('mail:bounced').map(({ to }) => to)).toEqual([
      'a@example.org',
      'b@example.org',
    ])
    expect(world.metrics()).toEqual([{ MailsBounced: 1 }, { MailsBounced: 1 }])
  })

  it('that is no JSON is told and keeps no other', async () => {
    await heard('Successfully validated SNS topic', bounce('a@example.org'))
    expect(world.events('feedback:unknown')).toMatchObject([{ level: 'warn', bytes: 32 }])
    expect(await feedbackOf(world.table, 'a@example.org')).toBeDefined()
  })

  it('of something else is passed over', async () => {
    await heard(JSON.stringify({ eventType: 'Delivery', delivery: {} }), 'null', '[]', '5')
    expect(world.lines).toEqual([])
  })

  it('comes again when the table cannot note it', async () => {
    const busy = new Error('busy')
    world.table.get = () => Promise.reject(busy)
    await expect(heard(bounce('a@example.org'))).rejects.toBe(busy)
    expect(world.metrics()).toEqual([])
  })
})
