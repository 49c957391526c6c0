import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { RoundsError } from '../../lib/errors.ts'
import { SES_LIMITS, sesMailer } from '../../lib/mail/ses.ts'
import { mailIsDown } from '../../lib/notify/send.ts'
import { awsPatience } from '../../lib/store/aws-patience.ts'
import { type MailerWorld, MESSAGE, mailerContract } from '../contracts/mailer.ts'
import { LOCAL } from '../fixtures/dynamodb-server.ts'
import type { Fault } from '../fixtures/fault-proxy.ts'
import { type SesEngine, sesEngine } from '../fixtures/ses-engine.ts'
import { refusalXml } from '../fixtures/ses-server.ts'

function refusal(status: number, code: string, message: string): Fault {
  const headers = { 'content-type': 'text/xml' }
  return { status, body: refusalXml({ status, code, message }), headers }
}

async function openSes(): Promise<MailerWorld> {
  const engine = await sesEngine()
  const mailer = sesMailer({}, { ...LOCAL, endpoint: engine.url })
  return {
    mailer,
    taken: () => engine.taken(),
    async breakDown() {
      const message = 'The security token included in the request is invalid'
      engine.proxy.plan(() => refusal(403, 'InvalidClientTokenId', message))
    },
    secrets: [LOCAL.credentials.secretAccessKey],
    async close() {
      await mailer.close()
      await engine.close()
    },
  }
}

mailerContract('ses', openSes)

describe('sesMailer', () => {
  let engine: SesEngine
  beforeEach(async () => {
    engine = await sesEngine()
  })
  afterEach(() => engine.close())
  const open = (configurationSet?: string) =>
    sesMailer(configurationSet ? { configurationSet } : {}, { ...LOCAL, endpoint: engine.url })

  it('sends from the sender', async () => {
    await open('rounds').send(MESSAGE)
    expect(await engine.taken()).toMatchObject([{ source: 'rounds@example.com' }])
  })

  it('sends under the configuration set that tells of bounces', async ({ skip }) => {
    await open('rounds').send(MESSAGE)
    const [mail] = await engine.taken()
    skip(mail?.configurationSet === undefined, 'moto forgets which configuration set was named')
    expect(mail).toMatchObject({ configurationSet: 'rounds' })
  })

  it.each([
    ['Throttling', 'Maximum sending rate exceeded.', 'mail-later', 'retry'],
    ['Throttling', 'Daily message quota exceeded.', 'mail-later', 'retry'],
    ['MessageRejected', 'Message contains a virus.', 'mail-refused', 'skip'],
    ['MailFromDomainNotVerifiedException', 'No.', 'mail-from', 'stop'],
    ['AccountSendingPausedException', 'Paused.', 'mail-paused', 'stop'],
    ['ConfigurationSetDoesNotExist', 'No such set.', 'mail-settings', 'stop'],
    ['AccessDenied', 'Not authorized to perform ses:SendRawEmail.', 'mail-settings', 'stop'],
    ['InvalidParameterValue', 'Domain ends with dot.', 'mail-refused', 'skip'],
  ])('says of %s (%s): %s, %s', async (code, message, told, errorClass) => {
    engine.proxy.plan(() => refusal(400, code, message))
    await expect(open().send(MESSAGE)).rejects.toMatchObject({ code: told, class: errorClass })
    expect(engine.proxy.passed).toHaveLength(1)
  })

  const unverified = (who: string) =>
    'Email address is not verified. The following identities failed the check in region ' +
    `EU-CENTRAL-1: ${who}`
  const forbidden = (who: string) =>
    "User `arn:aws:sts::111122223333:assumed-role/notify/notify' is not authorized to perform " +
    `\`ses:SendRawEmail' on resource \`arn:aws:ses:eu-central-1:111122223333:identity/${who}'`

  it.each([
    ['MessageRejected', unverified('rounds@example.com')],
    ['MessageRejected', unverified('ops@example.org, "Rounds, day" &lt;Rounds@example.com&gt;')],
    ['MessageRejected', unverified('example.com.')],
  ])('stops when the sender is not verified (%s, %s)', async (code, message) => {
    engine.proxy.plan(() => refusal(400, code, message))
    const told = { code: 'mail-from', class: 'stop' }
    await expect(open().send(MESSAGE)).rejects.toMatchObject(told)
  })

  it('knows the sender by a domain above its own, and by no shorter name', async () => {
    const mail = { ...MESSAGE, from: 'rounds@mail.example.com' }
    const refused = async (who: string) => {
      engine.proxy.plan(() => refusal(403, 'AccessDenied', forbidden(who)))
      return (await open()
        .send(mail)
        .catch((thrown: RoundsError) => thrown)) as RoundsError
    }
    expect(await refused('example.com')).toMatchObject({ code: 'mail-settings' })
    expect(await refused('il.example.com')).toMatchObject({ code: 'mail-refused' })
    expect(await refused('com')).toMatchObject({ code: 'mail-refused' })
  })

  it.each([
    ['MessageRejected', unverified('ops@example.org')],
    // In the domain of the sender, which is no identity of its own then.
    ['MessageRejected', unverified('ops@example.com')],
    ['MessageRejected', 'Email address is not verified.'],
    ['AccessDenied', forbidden('ops@example.org')],
  ])('skips a recipient that is not verified (%s, %s)', async (code, message) => {
    engine.proxy.plan(() => refusal(400, code, message))
    const failed = await open()
      .send(MESSAGE)
      .catch((thrown: RoundsError) => thrown)
    expect(failed).toMatchObject({ code: 'mail-refused', class: 'skip' })
    expect(mailIsDown(failed as RoundsError)).toBe(false)
    expect((failed as RoundsError).hint).toContain('sandbox')
  })

  it('stops when the role may not send from the domain', async () => {
    engine.proxy.plan(() => refusal(403, 'AccessDenied', forbidden('example.com')))
    const told = { code: 'mail-settings', class: 'stop' }
    await expect(open().send(MESSAGE)).rejects.toMatchObject(told)
  })

  it.each<[Fault, number]>([
    ['silent', 0],
    ['stalled', 1],
  ])('does not wait without end for a SES that is %s, and leaves it open', async (fault, taken) => {
    engine.proxy.plan(() => fault)
    const limits = { ...SES_LIMITS, silenceMs: 200 }
    const mailer = sesMailer({}, { ...LOCAL, endpoint: engine.url }, limits)
    const unknown = { code: 'mail-unknown', class: 'retry' }
    await expect(mailer.send(MESSAGE)).rejects.toMatchObject(unknown)
    expect(engine.proxy.passed).toHaveLength(1)
    expect(await engine.taken()).toHaveLength(taken)
    await mailer.close()
  })

  it('knows that nothing was sent when no connection is made', async () => {
    // A name that is looked up for ever: the socket stays where a lost packet would leave it.
    const httpAgent = { lookup: () => {} }
    const requestHandler = { ...awsPatience({ connectMs: 100, silenceMs: 5_000 }), httpAgent }
    const mailer = sesMailer({}, { ...LOCAL, endpoint: 'http://ses.example:1', requestHandler })
    const failed = await mailer.send(MESSAGE).catch((thrown: RoundsError) => thrown)
    expect(failed).toMatchObject({ code: 'mail-connection', class: 'retry' })
    expect(mailIsDown(failed as RoundsError)).toBe(true)
  })

  it.each<[string, Fault]>([
    ['fails', { status: 500, body: 'oops' }],
    ['cuts the connection before it hears of the mail', 'cut-before'],
    ['cuts the connection when it has taken the mail', 'cut-after'],
  ])('tries once when SES %s, and leaves open whether it went out', async (_, fault) => {
    engine.proxy.plan(() => fault)
    const unknown = { code: 'mail-unknown', class: 'retry' }
    await expect(open().send(MESSAGE)).rejects.toMatchObject(unknown)
    expect(engine.proxy.passed).toHaveLength(1)
    expect(await engine.taken()).toHaveLength(fault === 'cut-after' ? 1 : 0)
  })

  it('knows that nothing was sent when nobody listens', async () => {
    const mailer = sesMailer({}, { ...LOCAL, endpoint: 'http://127.0.0.1:1' })
    const none = { code: 'mail-connection', class: 'retry' }
    await expect(mailer.send(MESSAGE)).rejects.toMatchObject(none)
  })
})
