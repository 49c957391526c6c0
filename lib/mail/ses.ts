import { SESClient, type SESClientConfig, SendRawEmailCommand } from '@aws-sdk/client-ses'
import { type ErrorClass, RoundsError } from '../errors.ts'
import { oneLine } from '../text/one-line.ts'
import { type Composed, compose } from './compose.ts'
import type { Mailer } from './mailer.ts'
import { nobodyToReach } from './refusals.ts'

/** How mail leaves by SES. */
export interface SesOptions {
  /** Names where bounces and complaints are told, and that TLS is required. */
  configurationSet?: string
}

/** Characters of an answer of SES that are shown: it quotes addresses. */
const MAX_ANSWER_LENGTH = 200

interface Kind {
  code: string
  class: ErrorClass
  says: string
  hint: string
}

const LATER: Kind = {
  code: 'mail-later',
  class: 'retry',
  says: 'SES takes no more mails at the moment',
  hint: 'It will be sent again in a later round; the quota is shown by aws ses get-send-quota.',
}
const SENDER: Kind = {
  code: 'mail-from',
  class: 'stop',
  says: 'SES refused the sender or the recipient',
  hint: 'Verify the domain of mail.from in SES; in its sandbox recipients must be verified too.',
}
const PAUSED: Kind = {
  code: 'mail-paused',
  class: 'stop',
  says: 'Sending is paused in SES',
  hint: 'Look at the reputation page of SES: bounces or complaints were too many.',
}
const SETTINGS: Kind = {
  code: 'mail-settings',
  class: 'stop',
  says: 'SES refused the request',
  hint: 'Check the configuration set and what the role may do.',
}
const REFUSED: Kind = {
  code: 'mail-refused',
  class: 'skip',
  says: 'SES refused the mail',
  hint: 'Correct the recipients of the site.',
}
const CONNECTION: Kind = {
  code: 'mail-connection',
  class: 'retry',
  says: 'SES could not be reached',
  hint: 'It will be sent again in a later round.',
}
const UNKNOWN: Kind = {
  code: 'mail-unknown',
  class: 'retry',
  says: 'SES did not say whether it took the mail',
  hint: 'It will be sent again, so it may arrive twice.',
}

/** The errors of SES by their names. */
const KINDS: Readonly<Record<string, Kind>> = {
  Throttling: LATER,
  ThrottlingException: LATER,
  TooManyRequestsException: LATER,
  LimitExceededException: LATER,
  MailFromDomainNotVerifiedException: SENDER,
  AccountSendingPausedException: PAUSED,
  ConfigurationSetSendingPausedException: PAUSED,
  ConfigurationSetDoesNotExistException: SETTINGS,
  AccessDenied: SETTINGS,
  AccessDeniedException: SETTINGS,
  InvalidClientTokenId: SETTINGS,
  SignatureDoesNotMatch: SETTINGS,
  ExpiredToken: SETTINGS,
  CredentialsProviderError: SETTINGS,
  InvalidParameterValue: REFUSED,
}

/** Before any of a request has left, so that the mail was surely not taken. */
const NOT_SENT = /ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH/

/**
 * Sends by Amazon SES, the whole message as we composed it. One try a send: a request whose answer
 * was lost may have been taken, and only who holds the claim may decide to send again.
 */
export function sesMailer(options: SesOptions = {}, config: SESClientConfig = {}): Mailer {
  const client = new SESClient({ maxAttempts: 1, ...config })
  return {
    async send(message) {
      const composed = await compose(message)
      if (composed.to.length === 0) throw nobodyToReach(composed.unusable)
      await handOver(client, composed, options)
      return { messageId: composed.messageId, refused: composed.unusable }
    },
    async close() {
      client.destroy()
    },
  }
}

async function handOver(client: SESClient, { from, to, mime }: Composed, options: SesOptions) {
  const { configurationSet } = options
  const command = new SendRawEmailCommand({
    Source: from,
    Destinations: to,
    RawMessage: { Data: mime },
    ...(configurationSet && { ConfigurationSetName: configurationSet }),
  })
  try {
    await client.send(command)
  } catch (thrown) {
    throw sesError(thrown as Error & { $metadata?: { httpStatusCode?: number }; code?: string })
  }
}

function sesError(
  thrown: Error & { $metadata?: { httpStatusCode?: number }; code?: string },
): RoundsError {
  const kind = kindOf(thrown)
  const answer = oneLine(`${thrown.name}: ${thrown.message}`, MAX_ANSWER_LENGTH)
  return new RoundsError(kind.code, kind.class, `${kind.says} (${answer}).`, kind.hint)
}

function kindOf(thrown: Error & { $metadata?: { httpStatusCode?: number }; code?: string }): Kind {
  // MessageRejected says in its words alone what is wrong.
  if (thrown.name === 'MessageRejected') {
    return /not verified/i.test(thrown.message) ? SENDER : REFUSED
  }
  const known = KINDS[thrown.name]
  if (known) return known
  if (NOT_SENT.test(`${thrown.code} ${thrown.message}`)) return CONNECTION
  return UNKNOWN
}
