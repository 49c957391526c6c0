import { type ErrorClass, RoundsError } from '../errors.ts'
import { oneLine } from '../text/one-line.ts'

/** What is known of a send that failed, in nodemailer's words. */
export interface SmtpFailure {
  message: string
  /** Nodemailer's class of fault, such as `EAUTH`. */
  code?: string | undefined
  /** The system's own code, such as `ECONNREFUSED`. */
  originalCode?: string | undefined
  /** The command that was answered, such as `RCPT TO`. */
  command?: string | undefined
  /** The server's number, such as 550. */
  responseCode?: number | undefined
  /** The server's whole answer. */
  response?: string | undefined
  /** One for each recipient that was not taken. */
  rejectedErrors?: SmtpFailure[] | undefined
}

/**
 * Refusals that are numbered as final but speak of a rate: they hold for minutes or hours only.
 * QQ: `550 Connection frequency limited`, 163: `RP:TRC` and `MI:SFQ`, Gmail: `Daily user sending
 * limit exceeded`, Exchange: `SubmissionQuotaExceeded`, many: `too many messages`.
 */
const RATE_WORDS = [
  /frequen|too (many|much|fast)|throttl|threshold|try again later/i,
  /rate.{0,9}(limit|exceed)|daily.{0,30}limit|sending (limit|quota)|submissionquota/i,
  /RP:TRC|MI:SFQ/,
]

/** A mail that is too large (552) speaks of limits too, and stays too large. */
const TOO_LARGE = 552

/** The dialogue went wrong (503); the mail was not refused. */
const OUT_OF_STEP = 503

/** Answers that ask for a login or for encryption first (RFC 4954): the settings are wrong. */
const NEEDS_SETTINGS = new Set([530, 534, 535, 538])

/** What the system calls a certificate or a handshake that will be no better in a minute. */
const TLS_FAULT = /CERT|SELF_SIGNED|ERR_TLS|ERR_SSL|UNABLE_TO_|^EPROTO$|HOSTNAME_MISMATCH/

/** Characters of a server's answer that are shown. */
const MAX_ANSWER_LENGTH = 200

/** What is told of each kind of failure; `{server}` is filled in. */
interface Kind {
  code: string
  class: ErrorClass
  message: string
  hint: string
}

const UNKNOWN: Kind = {
  code: 'mail-unknown',
  class: 'retry',
  message: 'The connection to {server} was lost while it took the mail.',
  hint: 'It will be sent again, so it may arrive twice.',
}
const CONNECTION: Kind = {
  code: 'mail-connection',
  class: 'retry',
  message: '{server} could not be reached or did not answer.',
  hint: 'Check mail.host, mail.port and mail.secure if this does not pass.',
}
const TLS: Kind = {
  code: 'mail-tls',
  class: 'stop',
  message: 'No encrypted connection to {server} could be made.',
  hint: 'Check mail.port and mail.secure; NODE_EXTRA_CA_CERTS can name your own authority.',
}
const LOGIN: Kind = {
  code: 'mail-login',
  class: 'stop',
  message: '{server} did not accept the login.',
  hint: 'Check mail.auth; many providers want a code made for programs, not the password.',
}
const SENDER: Kind = {
  code: 'mail-from',
  class: 'stop',
  message: '{server} refused the sender.',
  hint: 'Set mail.from to an address that this account may send from.',
}
const LATER: Kind = {
  code: 'mail-later',
  class: 'retry',
  message: '{server} put the mail off.',
  hint: 'It will be sent again in a later round.',
}
const REFUSED: Kind = {
  code: 'mail-refused',
  class: 'skip',
  message: '{server} refused the mail for every recipient.',
  hint: "Check the recipients' addresses, and whether this account may send to them.",
}

/**
 * What the caller must do about a send that failed. `bodyBegun` says whether any of the mail itself
 * had been handed to the server: from then on a lost connection leaves open whether it was taken.
 * `secrets` are blotted out of the server's words.
 */
export function mailError(
  failure: SmtpFailure,
  bodyBegun: boolean,
  server: string,
  secrets: string[],
): RoundsError {
  const kind = failure.responseCode ? kindOfAnswer(failure) : kindOfSilence(failure, bodyBegun)
  const message = `${kind.message.replace('{server}', server)} (${answerOf(failure, secrets)})`
  return new RoundsError(kind.code, kind.class, message, kind.hint)
}

/** The server did not say what was wrong. */
function kindOfSilence(failure: SmtpFailure, bodyBegun: boolean): Kind {
  if (bodyBegun) return UNKNOWN
  if (failure.code === 'ETLS' || TLS_FAULT.test(failure.originalCode ?? '')) return TLS
  if (failure.code === 'EAUTH') return LOGIN
  // The server had announced a size limit that this mail is over.
  if (failure.code === 'EMESSAGE') return REFUSED
  return CONNECTION
}

/** The server said what was wrong: then it is sure that the mail was not taken. */
function kindOfAnswer(failure: SmtpFailure): Kind {
  if (isPassing(failure) || failure.rejectedErrors?.some(isPassing)) return LATER
  if (failure.code === 'ETLS') return TLS
  if (failure.code === 'EAUTH' || NEEDS_SETTINGS.has(failure.responseCode ?? 0)) return LOGIN
  return failure.command === 'MAIL FROM' ? SENDER : REFUSED
}

/** True when the refusal may be lifted by itself: 4xx, or a rate refusal of any number. */
function isPassing(failure: SmtpFailure): boolean {
  const code = failure.responseCode ?? 0
  const answer = failure.response ?? failure.message
  if (code < 500 || code === OUT_OF_STEP) return true
  return code !== TOO_LARGE && RATE_WORDS.some((words) => words.test(answer))
}

/** When no recipient has an address that could be mailed to. */
export function nobodyToReach(unusable: string[]): RoundsError {
  const shown = oneLine(unusable.join(', '), MAX_ANSWER_LENGTH)
  return new RoundsError(
    'mail-refused',
    'skip',
    `No recipient has a mail address: ${shown || 'none is set'}.`,
    'Correct the recipients of the site.',
  )
}

/** The server's words, or the system's. Some servers quote what they were sent. */
function answerOf(failure: SmtpFailure, secrets: string[]): string {
  const rejected = failure.rejectedErrors?.[0]?.response
  let text = failure.response ?? rejected ?? failure.originalCode ?? failure.message
  for (const secret of secrets) if (secret) text = text.replaceAll(secret, '***')
  return oneLine(text, MAX_ANSWER_LENGTH)
}
