import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { SMTP_LIMITS, smtpMailer } from '../../lib/mail/smtp.ts'
import { MESSAGE, mailerContract, parse } from '../contracts/mailer.ts'
import {
  answer,
  converse,
  PASSWORD,
  type SmtpWorld,
  startScripted,
  startSink,
  startSmtp,
} from './smtp-world.ts'

mailerContract('smtp', async () => {
  const world = await startSmtp()
  return {
    mailer: smtpMailer(world.settings),
    taken: async () => world.taken,
    breakDown: world.close,
    secrets: [PASSWORD, Buffer.from(PASSWORD).toString('base64')],
    close: world.close,
  }
})

describe('smtpMailer', () => {
  let world: SmtpWorld | undefined
  afterEach(() => world?.close())

  /** Sends to a server that misbehaves; gives what it threw, or what it resolved with. */
  async function outcome(started: SmtpWorld, to = MESSAGE.to, limits = SMTP_LIMITS) {
    world = started
    const mailer = smtpMailer(world.settings, limits)
    const result = await mailer.send({ ...MESSAGE, to }).catch((error: unknown) => error)
    await mailer.close()
    return result
  }

  const refuseRcpt = (code: number, text: string) =>
    startSmtp({ onRcptTo: (_address, _session, done) => done(answer(code, text)) })
  const refuseData = (code: number, text: string) =>
    startSmtp({
      onData: (stream, _session, done) => {
        stream.resume()
        stream.on('end', () => done(answer(code, text)))
      },
    })

  it.each([
    [451, '4.3.0 Try later', 'mail-later', 'retry'],
    [421, 'Too busy', 'mail-later', 'retry'],
    [550, 'Domain frequency limited', 'mail-later', 'retry'],
    [550, 'Connection frequency limited [abc]', 'mail-later', 'retry'],
    [550, '5.4.5 Daily user sending limit exceeded', 'mail-later', 'retry'],
    [550, '5.1.1 No such user', 'mail-refused', 'skip'],
    [554, 'Relay access denied', 'mail-refused', 'skip'],
    [552, 'Message exceeds the size limit', 'mail-refused', 'skip'],
  ])('understands %i %s to RCPT and to the mail itself', async (code, text, token, errorClass) => {
    const expected = { code: token, class: errorClass, message: expect.stringContaining(text) }
    expect(await outcome(await refuseRcpt(code, text))).toMatchObject(expected)
    await world?.close()
    expect(await outcome(await refuseData(code, text))).toMatchObject(expected)
  })

  it.each([
    [550, 'Sender frequency limited', 'mail-later', 'retry'],
    [450, 'Greylisted', 'mail-later', 'retry'],
    [553, 'Mail from must equal authorized user', 'mail-from', 'stop'],
    [530, '5.7.0 Authentication required', 'mail-login', 'stop'],
  ])('understands %i %s to MAIL FROM', async (code, text, token, errorClass) => {
    const started = await startSmtp({ onMailFrom: (_a, _s, done) => done(answer(code, text)) })
    expect(await outcome(started)).toMatchObject({ code: token, class: errorClass })
  })

  it('names the recipients that were refused while others were taken', async () => {
    const started = await startSmtp({
      onRcptTo: (address, _session, done) =>
        done(address.address.startsWith('gone') ? answer(550, 'No such user') : null),
    })
    const to = ['ops@example.org', 'gone@example.org', 'night@example.org']
    expect(await outcome(started, to)).toMatchObject({ refused: ['gone@example.org'] })
    expect(started.taken[0]?.recipients).toEqual(['ops@example.org', 'night@example.org'])
  })

  it('stops on a wrong password and does not repeat it, though the server does', async () => {
    const started = await startSmtp()
    started.settings.auth = { user: 'ops', password: 'wrong-Geheim' }
    const error = (await outcome(started)) as Error
    expect(error).toMatchObject({ code: 'mail-login', class: 'stop' })
    expect(error.message).toContain('535')
    expect(error.message).not.toContain('wrong-Geheim')
    expect(error.cause).toBeUndefined()
  })

  it('tries again later when the login itself is put off or limited', async () => {
    for (const [code, text] of [
      [454, 'Temporary authentication failure'],
      [535, 'Login fail. login frequency limited'],
    ] as const) {
      const started = await startSmtp({ onAuth: (_a, _s, done) => done(answer(code, text)) })
      expect(await outcome(started)).toMatchObject({ code: 'mail-later', class: 'retry' })
      await started.close()
    }
  })

  it('does not send without encryption, or to a stranger, when it is required', async () => {
    const started = await startSmtp()
    started.settings.requireTls = true
    expect(await outcome(started)).toMatchObject({ code: 'mail-tls', class: 'stop' })
    await started.close()
    // This server offers STARTTLS with a certificate that nobody signed.
    const selfSigned = await startSmtp({ disabledCommands: [] })
    expect(await outcome(selfSigned)).toMatchObject({ code: 'mail-tls', class: 'stop' })
    expect([...started.taken, ...selfSigned.taken]).toEqual([])
  })

  it('tries again later when nobody answers', async () => {
    const gone = await startSmtp()
    await gone.close()
    const retry = { code: 'mail-connection', class: 'retry' }
    expect(await outcome(gone)).toMatchObject(retry)
    const silent = await startScripted(() => {})
    expect(await outcome(silent, MESSAGE.to, { ...SMTP_LIMITS, connectMs: 100 })).toMatchObject(
      retry,
    )
    await silent.close()
    const falling = await startScripted((socket) => {
      converse(socket, { DATA: '354 go on' }, () => {})
      socket.on('data', (data) => String(data).startsWith('MAIL') && socket.destroy())
    })
    expect(await outcome(falling)).toMatchObject(retry)
  })

  it.each([
    ['cuts the connection within the mail', SMTP_LIMITS, true],
    ['never answers to the mail', { ...SMTP_LIMITS, silenceMs: 200 }, false],
    ['answers so slowly that a send takes too long', { ...SMTP_LIMITS, sendMs: 300 }, false],
  ])('does not know what became of the mail when the server %s', async (_name, limits, cuts) => {
    const started = await startScripted((socket) =>
      converse(socket, {}, () => cuts && socket.destroy()),
    )
    expect(await outcome(started, MESSAGE.to, limits)).toMatchObject({
      code: 'mail-unknown',
      class: 'retry',
    })
  })

  it('knows that the mail was not taken when the server says so before it hangs up', async () => {
    const started = await startScripted((socket) =>
      converse(socket, {}, (piece) => {
        if (piece.endsWith('\r\n.\r\n')) socket.end('421 4.3.2 Shutting down\r\n')
      }),
    )
    expect(await outcome(started)).toMatchObject({ code: 'mail-later', class: 'retry' })
  })

  it('lets no mail touch another that is sent at the same time', async () => {
    world = await startSmtp({
      onRcptTo: (address, _session, done) =>
        done(address.address.startsWith('gone') ? answer(550, 'No such user') : null),
    })
    const mailer = smtpMailer(world.settings)
    const to = ['a@example.org', 'gone@example.org', 'b@example.org', 'c@example.org']
    const sends = to.map((address, n) =>
      mailer.send({ ...MESSAGE, to: [address], id: `m${n}` }).then(
        (sent) => sent.messageId,
        (error) => error.code,
      ),
    )
    const ids = ['<m0@example.com>', 'mail-refused', '<m2@example.com>', '<m3@example.com>']
    expect(await Promise.all(sends)).toEqual(ids)
    for (const taken of world.taken) {
      const id = (await parse(taken)).messageId ?? ''
      expect(taken.recipients).toEqual([to[ids.indexOf(id)]])
    }
    expect(world.taken).toHaveLength(3)
  })

  it('never lets any text of a mail reach the envelope or the headers', async () => {
    const sink = await startSink()
    world = sink
    const { taken, commands } = sink
    const mailer = smtpMailer(sink.settings)
    const nasty = fc.string({
      unit: fc.oneof(
        fc.constantFrom('\r', '\n', '\0', ':', ' ', '\t', '"', '<', '>', ',', ';', '=?', '?=', '.'),
        fc.constantFrom('Bcc: x@y.z', 'DATA', 'RCPT TO:<x@y.z>', '告', '\u{1f514}', '\ud800'),
      ),
      maxLength: 60,
    })
    await fc.assert(
      fc.asyncProperty(nasty, nasty, async (subject, text) => {
        taken.length = 0
        commands.length = 0
        await mailer.send({ ...MESSAGE, subject, text, html: text })
        expect(taken).toHaveLength(1)
        expect(commands.map((line) => line.replace(/^EHLO \S+/, 'EHLO'))).toEqual([
          'EHLO\r\n',
          'MAIL FROM:<rounds@example.com>\r\n',
          'RCPT TO:<ops@example.org>\r\n',
          'DATA\r\n',
        ])
        const mail = await parse(taken[0])
        const allowed = new Set(
          'from to subject message-id references in-reply-to date mime-version content-type '
            .concat('list-unsubscribe auto-submitted x-auto-response-suppress')
            .split(' '),
        )
        for (const header of mail.headers) expect(allowed).toContain(header.key)
        expect(mail.to?.map((one) => one.address)).toEqual(MESSAGE.to)
      }),
      { numRuns: 300 },
    )
  })
})
