import { domainToASCII } from 'node:url'
import { createTransport } from 'nodemailer'
import addressparser from 'nodemailer/lib/addressparser'
import SMTPConnection from 'nodemailer/lib/smtp-connection'
import { RoundsError } from '../errors.ts'
import { oneLine } from '../text/one-line.ts'
import type { Message } from './mailer.ts'

/**
 * The door of nodemailer: from a message to the bytes that every mailer hands on, and the SMTP
 * dialogue. Recipients and the envelope are taken from the message's own fields, each address
 * checked, so that no text inside a mail can add one.
 */

/** A message ready for the next hop. */
export interface Composed {
  /** With its angle brackets, as it stands in the header. */
  messageId: string
  /** The bare address of the sender. */
  from: string
  /** The usable recipients, without doubles. */
  to: string[]
  /** Recipients that are not mail addresses: nothing can be sent to them. */
  unusable: string[]
  /** The whole message in MIME, with CR LF at the end of every line. */
  mime: Buffer
}

/** Settings of the dialogue with an SMTP server, as nodemailer knows them. */
export type SmtpOptions = SMTPConnection.Options

/** One dialogue with an SMTP server. */
export type SmtpConnection = SMTPConnection

/** A connection that is not opened yet. */
export function smtpConnection(options: SmtpOptions): SmtpConnection {
  return new SMTPConnection(options)
}

/** One address without name, quotes, comments or controls: nothing that could hide another. */
const ADDRESS = /^[^\s\p{C}@<>()[\]\\,;:"]+@[^\s\p{C}@<>()[\]\\,;:"]+$/u

/** The longest address that SMTP carries (RFC 5321, section 4.5.3.1.3). */
const MAX_ADDRESS_LENGTH = 254

/** Characters of a sender with its name: more is a mistake. */
const MAX_SENDER_LENGTH = 500

/** Characters of a subject that are kept: mail programs show fewer. */
const MAX_SUBJECT_LENGTH = 200

/** The grammar of the left part of a Message-ID, so that it is also a safe file name. */
const MESSAGE_ID = /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/

/** Longest left part of a Message-ID: with `.eml` it still fits into a file name. */
const MAX_ID_LENGTH = 200

/** Control characters that no text needs; line feed and tab stay. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones to remove.
const CONTROLS = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/g

/**
 * The message as MIME. Throws a `stop` for a sender or an id that cannot be used; recipients that
 * cannot be used are only listed, since the others can still be reached.
 */
export async function compose(message: Message): Promise<Composed> {
  const sender = parseSender(message.from)
  const messageId = headerId(message.id, sender.domain)
  const threadId = headerId(message.threadId, sender.domain)
  const recipients = [...new Set(message.to)]
  const to = recipients.filter(isAddress)
  const unusable = recipients.filter((address) => !isAddress(address))
  const info = await composer.sendMail({
    from: { name: sender.name, address: sender.address },
    to: to.map((address) => ({ name: '', address })),
    subject: oneLine(message.subject, MAX_SUBJECT_LENGTH),
    text: message.text.replace(CONTROLS, ''),
    html: message.html.replace(CONTROLS, ''),
    messageId,
    // The same id in every mail of a group, also in the first: mail programs thread by it.
    references: threadId,
    inReplyTo: threadId,
    list: { unsubscribe: `mailto:${sender.address}?subject=unsubscribe` },
    headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
  })
  return { messageId, from: sender.address, to, unusable, mime: info.message as Buffer }
}

/** Sends nothing: gives back the message as bytes. Neither files nor URLs can be pulled into it. */
const composer = createTransport({
  streamTransport: true,
  buffer: true,
  newline: 'windows',
  disableFileAccess: true,
  disableUrlAccess: true,
})

function isAddress(text: string): boolean {
  return text.length <= MAX_ADDRESS_LENGTH && ADDRESS.test(text)
}

/** `mail.from` may be `ops@example.com` or `Operations <ops@example.com>`. */
function parseSender(from: string): { name: string; address: string; domain: string } {
  const parsed = addressparser(oneLine(from, MAX_SENDER_LENGTH), { flatten: true })
  const { name, address } = parsed[0] ?? { name: '', address: '' }
  const domain = domainToASCII(address.slice(address.lastIndexOf('@') + 1))
  if (parsed.length === 1 && isAddress(address) && domain) return { name, address, domain }
  throw new RoundsError(
    'mail-from',
    'stop',
    'The sender of mails is not one mail address.',
    'Set mail.from to an address such as ops@example.com.',
  )
}

function headerId(left: string, domain: string): string {
  if (MESSAGE_ID.test(left) && left.length <= MAX_ID_LENGTH) return `<${left}@${domain}>`
  throw new RoundsError('mail-id', 'stop', 'A mail was given an id that no header can hold.')
}
