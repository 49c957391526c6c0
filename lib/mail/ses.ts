import { SESClient, type SESClientConfig, SendRawEmailCommand } from '@aws-sdk/client-ses'
import { type ErrorClass, RoundsError } from '../errors.ts'
import { awsPatience } from '../store/aws-patience.ts'
import { oneLine } from '../text/one-line.ts'
import { SECOND_MS } from '../time.ts'
import { type Composed, compose } from './compose.ts'
import type { Mailer } from './mailer.ts'
import { nobodyToReach } from './refusals.ts'

/** How mail leaves by SES. */
export interface SesOptions {
  /** Names where bounces and complaints are told, and that TLS is required. */
  configurationSet?: string
}

/** How long SES may take. */
export interface SesLimits {
  /** Until a connection stands: SES is tried once, so a lost packet or two must not matter. */
  connectMs: number
  /** Any time in which no byte moves, either way. */
  silenceMs: number
  /** From a request to the beginning of its answer; SES answers within seconds. */
  answerMs: number
}

/**
 * What is used unless a test asks for less patience. Together, with three seconds that the client
 * adds to a silence, they stay below fifty seconds: shorter than the lease of a claim
 * (lib/notify/notice.ts), and than the last minute of a function (lib/work/work-off.ts).
 */
export const SES_LIMITS: SesLimits = {
  connectMs: 5 * SECOND_MS,
  silenceMs: 15 * SECOND_MS,
  answerMs: 30 * SECOND_MS,
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
  says: 'SES refused the sender',
  hint: 'Verify mail.from in SES, or its domain.',
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
const UNVERIFIED: Kind = {
  code: 'mail-refused',
  class: 'skip',
  says: 'SES refused the recipient',
  hint: 'Verify the recipient as well, or ask AWS to take the account out of the sandbox.',
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
const NOT_SENT =
  /ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|did not establish a connection/

/** What stands between the identities of an answer, which may be bare, in brackets or in ARNs. */
const BETWEEN_IDENTITIES = /[\s,;:<>"'`/]+/

/** An error of SES, or of the way to it. */
type Thrown = Error & { $metadata?: { httpStatusCode?: number }; code?: string }

/**
 * Sends by Amazon SES, the whole message as we composed it. One try a send: a request whose answer
 * was lost may have been taken, and only who holds the claim may decide to send again.
 */
export function sesMailer(
  options: SesOptions = {},
  config: SESClientConfig = {},
  limits = SES_LIMITS,
): Mailer {
  const client = new SESClient({ maxAttempts: 1, requestHandler: awsPatience(limits), ...config })
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
    throw sesError(thrown as Thrown, from)
  }
}

function sesError(thrown: Thrown, from: string): RoundsError {
  const kind = kindOf(thrown, from)
  const answer = oneLine(`${thrown.name}: ${thrown.message}`, MAX_ANSWER_LENGTH)
  return new RoundsError(kind.code, kind.class, `${kind.says} (${answer}).`, kind.hint)
}

function kindOf(thrown: Thrown, from: string): Kind {
  const { name, message } = thrown
  // MessageRejected says in its words alone what is wrong.
  if (name === 'MessageRejected') {
    if (!/not verified/i.test(message)) return REFUSED
    return namesSender(message, from) ? SENDER : UNVERIFIED
  }
  const known = KINDS[name]
  if (known) {
    // In the sandbox IAM is asked about the recipient's identity as well as about the sender's.
    const isAboutRecipient = message.includes(':identity/') && !namesSender(message, from)
    return known === SETTINGS && isAboutRecipient ? UNVERIFIED : known
  }
  if (NOT_SENT.test(`${thrown.code} ${message}`)) return CONNECTION
  return UNKNOWN
}

/**
 * Whether an answer names the address of the sender among the identities that it is about, or its
 * domain, or one above it that it is verified by. An address beside it in the same domain is
 * another identity: it may be a recipient's.
 */
function namesSender(message: string, from: string): boolean {
  const sender = from.toLowerCase()
  const domain = sender.slice(sender.lastIndexOf('@') + 1)
  const named = message.toLowerCase().split(BETWEEN_IDENTITIES)
  return named
    .map((name) => name.replace(/\.$/, ''))
    .some((name) => name === sender || (/\w\.\w/.test(name) && `.${domain}`.endsWith(`.${name}`)))
}
