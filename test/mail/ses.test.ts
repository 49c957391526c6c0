import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { sesMailer } from '../../lib/mail/ses.ts'
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
    ['MessageRejected', 'Email address is not verified.', 'mail-from', 'stop'],
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
