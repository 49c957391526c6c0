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
const RATE =
  /frequen|rate.{0,9}(limit|exceed)|too (many|much|fast)|daily.{0,30}limit|sending (limit|quota)|submissionquota|threshold|throttl|try again later|RP:TRC|MI:SFQ/i

/** A mail that is too large (552) speaks of limits too, and stays too large. */
const TOO_LARGE = 552

/** Answers that ask for a login or for encryption first (RFC 4954): the settings are wrong. */
const NEEDS_SETTINGS = new Set([530, 534, 535, 538])

/** What the system calls a certificate or a handshake that will be no better in a minute. */
const TLS_FAULT = /CERT|SELF_SIGNED|ERR_TLS|ERR_SSL|UNABLE_TO_|^EPROTO$|HOSTNAME_MISMATCH/

/** Characters of a server's answer that are shown. */
const MAX_ANSWER_LENGTH = 200

/** True when the refusal may be lifted by itself: 4xx, or a rate refusal of any number. */
function isPassing(failure: SmtpFailure): boolean {
  const number = failure.responseCode
  if (!number) return true
  if (number < 500) return true
  return number !== TOO_LARGE && RATE.test(failure.response ?? failure.message)
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
  const fault = (code: string, errorClass: ErrorClass, what: string, hint: string) =>
    new RoundsError(code, errorClass, `${what} (${answerOf(failure, secrets)})`, hint)
  const answered = failure.responseCode !== undefined
  if (!answered) {
    if (bodyBegun) return fault('mail-unknown', 'retry', UNKNOWN(server), 'It will be sent again.')
    if (isTlsFault(failure)) return fault('mail-tls', 'stop', NO_TLS(server), TLS_HINT)
    if (failure.code === 'EAUTH') return fault('mail-login', 'stop', NO_LOGIN(server), LOGIN_HINT)
    if (failure.code === 'EMESSAGE') return fault('mail-refused', 'skip', REFUSED(server), '')
    return fault('mail-connection', 'retry', NO_CONNECTION(server), CONNECTION_HINT)
  }
  if (failure.rejectedErrors?.some(isPassing))
    return fault('mail-later', 'retry', LATER(server), '')
  // 503 says that the dialogue went wrong, not that the mail was refused.
  if (isPassing(failure) || failure.responseCode === 503)
    return fault('mail-later', 'retry', LATER(server), '')
  if (failure.code === 'ETLS') return fault('mail-tls', 'stop', NO_TLS(server), TLS_HINT)
  if (failure.code === 'EAUTH' || NEEDS_SETTINGS.has(failure.responseCode ?? 0))
    return fault('mail-login', 'stop', NO_LOGIN(server), LOGIN_HINT)
  if (failure.command === 'MAIL FROM')
    return fault('mail-from', 'stop', `${server} refused the sender.`, FROM_HINT)
  return fault('mail-refused', 'skip', REFUSED(server), 'Check the address of the recipient.')
}

const UNKNOWN = (server: string) => `The connection to ${server} was lost while it took the mail.`
const NO_CONNECTION = (server: string) => `${server} could not be reached or did not answer.`
const CONNECTION_HINT = 'Check mail.host, mail.port and mail.secure if this does not pass.'
const NO_TLS = (server: string) => `No encrypted connection to ${server} could be made.`
const TLS_HINT =
  'Check mail.port and mail.secure; NODE_EXTRA_CA_CERTS names a file with a private authority.'
const NO_LOGIN = (server: string) => `${server} did not accept the login.`
const LOGIN_HINT = 'Check mail.auth; many providers want a code for programs, not the password.'
const FROM_HINT = 'Set mail.from to an address that this account may send from.'
const LATER = (server: string) => `${server} put the mail off.`
const REFUSED = (server: string) => `${server} refused the mail for every recipient.`

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

function isTlsFault(failure: SmtpFailure): boolean {
  return failure.code === 'ETLS' || TLS_FAULT.test(failure.originalCode ?? '')
}

/** The server's words, or the system's. Some servers quote what they were sent. */
function answerOf(failure: SmtpFailure, secrets: string[]): string {
  const rejected = failure.rejectedErrors?.[0]?.response
  let text = failure.response ?? rejected ?? failure.originalCode ?? failure.message
  for (const secret of secrets) if (secret) text = text.replaceAll(secret, '***')
  return oneLine(text, MAX_ANSWER_LENGTH)
}
