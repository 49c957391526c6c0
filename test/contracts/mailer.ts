import PostalMime, { type Email } from 'postal-mime'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { RoundsError } from '../../lib/errors.ts'
import type { Mailer, Message } from '../../lib/mail/mailer.ts'

/** A mail as the next hop took it. */
export interface Taken {
  /** Who it was handed over for; undefined where the next hop keeps no envelope. */
  recipients?: string[]
  raw: Uint8Array
}

/** A mailer with its next hop. */
export interface MailerWorld {
  mailer: Mailer
  /** All mails that the next hop holds, oldest first. */
  taken(): Promise<Taken[]>
  /** Makes every later send fail. */
  breakDown(): Promise<void>
  /** What no error may show. */
  secrets: string[]
  close(): Promise<void>
}

/** A message to change in tests. */
export const MESSAGE: Message = {
  from: '巡点 <rounds@example.com>',
  to: ['ops@example.org'],
  subject: '[告警] 北京一局 (bj01)',
  text: '北京一局：3 项告警未恢复\n第二行\n',
  html: '<p>北京一局：<b>3</b> 项告警未恢复</p>',
  id: 'alarms.bj01.0123456789abcdef.7',
  threadId: 'alarms.bj01.fedcba9876543210',
}

/** A mail taken apart again. */
export function parse(taken: Taken | undefined): Promise<Email> {
  if (!taken) throw new Error('No mail was taken.')
  return PostalMime.parse(taken.raw)
}

/** Texts that try to end a header and to begin another. */
const BREAKS = [
  'x\r\nBcc: evil@example.net',
  'x\nBcc: evil@example.net\n\nbody',
  'x\rBcc: evil@example.net',
  'x\0Bcc: evil@example.net',
  '告警\r\n Bcc: evil@example.net\r\n\r\n<b>',
  'x\u2028Bcc: evil@example.net\u0085Bcc: evil@example.net',
  `${'长'.repeat(400)}\r\nBcc: evil@example.net`,
]

/** The laws of lib/mail/mailer.ts. */
export function mailerContract(name: string, open: () => Promise<MailerWorld>): void {
  describe(`mailer: ${name}`, () => {
    let world: MailerWorld
    beforeEach(async () => {
      world = await open()
    })
    afterEach(() => world.close())

    async function sendOne(change: Partial<Message>): Promise<Email> {
      await world.mailer.send({ ...MESSAGE, ...change })
      const taken = await world.taken()
      expect(taken).toHaveLength(1)
      return parse(taken[0])
    }

    it('hands over both parts with the headers of an automatic mail', async () => {
      const sent = await world.mailer.send(MESSAGE)
      expect(sent).toEqual({ messageId: `<${MESSAGE.id}@example.com>`, refused: [] })
      const taken = await world.taken()
      const mail = await parse(taken[0])
      expect(mail.subject).toBe(MESSAGE.subject)
      expect(mail.from).toMatchObject({ name: '巡点', address: 'rounds@example.com' })
      expect(mail.to?.map((to) => to.address)).toEqual(MESSAGE.to)
      expect(mail.text?.replaceAll('\r\n', '\n').trim()).toBe(MESSAGE.text.trim())
      expect(mail.html?.trim()).toBe(MESSAGE.html)
      expect(mail.messageId).toBe(sent.messageId)
      expect(mail.references).toBe(`<${MESSAGE.threadId}@example.com>`)
      expect(mail.inReplyTo).toBe(`<${MESSAGE.threadId}@example.com>`)
      const header = (key: string) => mail.headers.find((one) => one.key === key)?.value
      expect(header('auto-submitted')).toBe('auto-generated')
      expect(header('x-auto-response-suppress')).toBe('All')
      expect(header('list-unsubscribe')).toMatch(/^<mailto:rounds@example\.com/)
      expect(Number.isNaN(Date.parse(mail.date ?? ''))).toBe(false)
      expect(taken[0]?.recipients ?? MESSAGE.to).toEqual(MESSAGE.to)
    })

    it('writes lines that end with CR LF and are short enough for every server', async () => {
      await world.mailer.send({ ...MESSAGE, html: `<p>${'很长的一行'.repeat(2_000)}</p>` })
      const raw = Buffer.from((await world.taken())[0]?.raw ?? []).toString('latin1')
      expect(raw).not.toMatch(/[^\r]\n|\r[^\n]/)
      expect(Math.max(...raw.split('\r\n').map((line) => line.length))).toBeLessThan(999)
    })

    it.each(BREAKS)('adds no header or recipient for %j in a subject or a sender', async (text) => {
      const plain = await sendOne({})
      const keys = (mail: Email) => mail.headers.map((header) => header.key).sort()
      await world.mailer.send({
        ...MESSAGE,
        subject: text,
        from: `"${text}" <rounds@example.com>`,
        id: 'other',
      })
      const taken = await world.taken()
      const mails = await Promise.all(taken.map(parse))
      const mail = mails.find((one) => one.messageId === '<other@example.com>')
      expect(mail && keys(mail)).toEqual(keys(plain))
      expect(mail?.bcc ?? []).toEqual([])
      expect(mail?.to?.map((to) => to.address)).toEqual(MESSAGE.to)
      expect(mail?.text?.trim()).toBe(plain.text?.trim())
      for (const one of taken) expect(one.recipients ?? MESSAGE.to).toEqual(MESSAGE.to)
    })

    it.each([
      'ops@example.org\r\nRCPT TO:<evil@example.net>',
      'ops@example.org, evil@example.net',
      'Ops <evil@example.net>',
      'nobody',
    ])('never mails to the address %j', async (address) => {
      const sent = await world.mailer.send({ ...MESSAGE, to: ['ops@example.org', address] })
      expect(sent.refused).toEqual([address])
      const [taken] = await world.taken()
      expect((await parse(taken)).to?.map((to) => to.address)).toEqual(['ops@example.org'])
      expect(taken?.recipients ?? ['ops@example.org']).toEqual(['ops@example.org'])
      const nobody = world.mailer.send({ ...MESSAGE, to: [address] })
      await expect(nobody).rejects.toMatchObject({ code: 'mail-refused', class: 'skip' })
    })

    it('drops control characters from both parts, and nothing else', async () => {
      const mail = await sendOne({ text: 'a\0b\x1b[31mc\u0085\td\n.\n..\nend', html: '<p>\0x\x07' })
      expect(mail.text?.replaceAll('\r\n', '\n').trim()).toBe('ab[31mc\td\n.\n..\nend')
      expect(mail.html?.trim()).toBe('<p>x')
    })

    it.each(['', '../up', 'a b', 'x\r\ny', '.hidden', 'a..b'])('refuses the id %j', async (id) => {
      await expect(world.mailer.send({ ...MESSAGE, id })).rejects.toMatchObject({ class: 'stop' })
      expect(await world.taken()).toEqual([])
    })

    it('throws what the caller can act on, without a secret', async () => {
      await world.breakDown()
      const error = await world.mailer.send(MESSAGE).catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(RoundsError)
      const shown = JSON.stringify([error, (error as Error).message, (error as Error).stack])
      for (const secret of world.secrets) expect(shown).not.toContain(secret)
      expect(await world.taken()).toEqual([])
    })
  })
}
