import { Readable } from 'node:stream'
import type { MailSettings } from '../site.ts'
import { SECOND_MS } from '../time.ts'
import { type Composed, compose, type SmtpConnection, smtpConnection } from './compose.ts'
import type { Mailer } from './mailer.ts'
import { mailError, nobodyToReach, type SmtpFailure } from './refusals.ts'

/** The SMTP variant of the mail settings. */
export type SmtpSettings = Extract<MailSettings, { kind: 'smtp' }>

/** How long a server may take. */
export interface SmtpLimits {
  /** From the first packet to the server's greeting. */
  connectMs: number
  /** Any pause between two answers. */
  silenceMs: number
  /** The whole of one send: less than the lease of a claim (lib/notify/notice.ts). */
  sendMs: number
}

/** What is used unless a test asks for less patience. */
export const SMTP_LIMITS: SmtpLimits = {
  connectMs: 15 * SECOND_MS,
  silenceMs: 45 * SECOND_MS,
  sendMs: 90 * SECOND_MS,
}

/**
 * In a function a send is begun while a minute is left (lib/work/work-off.ts): ten seconds of it
 * are for claiming before and noting behind. Whoever is slower is asked again by the next round.
 */
export const SMTP_LIMITS_ON_AWS: SmtpLimits = { ...SMTP_LIMITS, sendMs: 50 * SECOND_MS }

/**
 * Sends by SMTP, one connection a mail. Mail servers refuse bursts: whoever has many mails sends
 * them one after another. Certificates are always verified. A recipient who was put off while
 * another was taken is named as refused, because nothing else would show that the mail is missing.
 */
export function smtpMailer(settings: SmtpSettings, limits = SMTP_LIMITS): Mailer {
  const server = `${settings.host}:${settings.port}`
  const secrets = secretsOf(settings)

  async function sendNow(composed: Composed): Promise<string[]> {
    let bodyBegun = false
    const begun = () => {
      bodyBegun = true
    }
    try {
      return await converse(settings, limits, composed, begun)
    } catch (thrown) {
      throw mailError(thrown as SmtpFailure, bodyBegun, server, secrets)
    }
  }

  return {
    async send(message) {
      const composed = await compose(message)
      if (composed.to.length === 0) throw nobodyToReach(composed.unusable)
      const refused = await sendNow(composed)
      return { messageId: composed.messageId, refused: [...composed.unusable, ...refused] }
    },
    async close() {},
  }
}

/** Connects, logs in, hands the mail over. Answers with the recipients that were not taken. */
async function converse(
  settings: SmtpSettings,
  limits: SmtpLimits,
  composed: Composed,
  begun: () => void,
): Promise<string[]> {
  const connection = smtpConnection({
    host: settings.host,
    port: settings.port,
    secure: settings.secure,
    requireTLS: settings.requireTls,
    connectionTimeout: limits.connectMs,
    dnsTimeout: limits.connectMs,
    greetingTimeout: limits.connectMs,
    socketTimeout: limits.silenceMs,
  })
  let patience: NodeJS.Timeout | undefined
  // A connection lost between two steps is told by an event alone; one that is lost within a step
  // fails that step as well, with the same error.
  const lost = new Promise<never>((_, reject) => {
    connection.on('error', reject)
    patience = setTimeout(
      () => reject(new Error(`Not finished within ${limits.sendMs} ms.`)),
      limits.sendMs,
    )
  })
  try {
    return await Promise.race([handOver(connection, settings.auth, composed, begun), lost])
  } finally {
    clearTimeout(patience)
    lost.catch(() => {})
    connection.close()
  }
}

async function handOver(
  connection: SmtpConnection,
  auth: SmtpSettings['auth'],
  composed: Composed,
  begun: () => void,
): Promise<string[]> {
  await step<void>((done) => connection.connect((error) => done(error)))
  if (auth && connection.allowsAuth) {
    const credentials = { user: auth.user, pass: auth.password }
    await step<void>((done) => connection.login({ credentials }, (error) => done(error)))
  }
  const envelope = { from: composed.from, to: composed.to, size: composed.mime.length }
  const info = await step<{ rejected: string[] }>((done) =>
    connection.send(envelope, bodyOf(composed.mime, begun), done),
  )
  return info.rejected
}

/** A callback of nodemailer as a promise. */
function step<Result>(
  run: (done: (error: Error | null | undefined, result?: Result) => void) => void,
): Promise<Result> {
  return new Promise((resolve, reject) => {
    run((error, result) => (error ? reject(error) : resolve(result as Result)))
  })
}

/** The bytes of the mail; `begun` is called when the server has asked for them. */
function bodyOf(mime: Buffer, begun: () => void): Readable {
  return new Readable({
    read() {
      begun()
      this.push(mime)
      this.push(null)
    },
  })
}

/** The password as it is and as it goes over the wire. */
function secretsOf(settings: SmtpSettings): string[] {
  if (!settings.auth) return []
  const { user, password } = settings.auth
  const base64 = (text: string) => Buffer.from(text).toString('base64')
  return [password, base64(password), base64(`\0${user}\0${password}`)]
}
