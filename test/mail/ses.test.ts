import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { sesMailer } from '../../lib/mail/ses.ts'
import { type MailerWorld, MESSAGE, mailerContract } from '../contracts/mailer.ts'
import { LOCAL } from '../fixtures/dynamodb-server.ts'
import { type Fault, type FaultProxy, faultProxy } from '../fixtures/fault-proxy.ts'
import { type SesServer, sesServer } from '../fixtures/ses-server.ts'

async function openSes(): Promise<MailerWorld> {
  const server = await sesServer()
  const mailer = sesMailer({}, { ...LOCAL, endpoint: server.url })
  return {
    mailer,
    taken: async () => server.mails.map(({ recipients, raw }) => ({ recipients, raw })),
    async breakDown() {
      const message = 'The security token included in the request is invalid'
      server.refuse(() => ({ status: 403, code: 'InvalidClientTokenId', message }))
    },
    secrets: [LOCAL.credentials.secretAccessKey],
    async close() {
      await mailer.close()
      await server.close()
    },
  }
}

mailerContract('ses', openSes)

describe('sesMailer', () => {
  let server: SesServer
  let proxy: FaultProxy
  beforeEach(async () => {
    server = await sesServer()
    proxy = await faultProxy(server.url)
  })
  afterEach(async () => {
    await proxy.close()
    await server.close()
  })
  const open = (configurationSet?: string) =>
    sesMailer(configurationSet ? { configurationSet } : {}, { ...LOCAL, endpoint: proxy.url })

  it('sends from the sender, under the configuration set that tells of bounces', async () => {
    await open('rounds').send(MESSAGE)
    const [mail] = server.mails
    expect(mail).toMatchObject({ source: 'rounds@example.com', configurationSet: 'rounds' })
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
    server.refuse(() => ({ status: 400, code, message }))
    await expect(open().send(MESSAGE)).rejects.toMatchObject({ code: told, class: errorClass })
    expect(proxy.passed).toHaveLength(1)
  })

  it.each<[string, Fault]>([
    ['fails', { status: 500, body: 'oops' }],
    ['cuts the connection before it hears of the mail', 'cut-before'],
    ['cuts the connection when it has taken the mail', 'cut-after'],
  ])('tries once when SES %s, and leaves open whether it went out', async (_, fault) => {
    proxy.plan(() => fault)
    const unknown = { code: 'mail-unknown', class: 'retry' }
    await expect(open().send(MESSAGE)).rejects.toMatchObject(unknown)
    expect(proxy.passed).toHaveLength(1)
    expect(server.mails).toHaveLength(fault === 'cut-after' ? 1 : 0)
  })

  it('knows that nothing was sent when nobody listens', async () => {
    const mailer = sesMailer({}, { ...LOCAL, endpoint: 'http://127.0.0.1:1' })
    const none = { code: 'mail-connection', class: 'retry' }
    await expect(mailer.send(MESSAGE)).rejects.toMatchObject(none)
  })
})
