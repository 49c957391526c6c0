/**
 * What the caller must do about an error:
 * `stop` the command or process (wrong use, wrong configuration, broken state),
 * `skip` this site or file now and go on with the others (a later round may succeed),
 * `retry` the same call soon (a passing fault).
 */
export type ErrorClass = 'stop' | 'skip' | 'retry'

/**
 * An error that says what failed, what the caller must do, and what the operator can do.
 * Message and hint are shown to people and written to logs: never put a secret or the
 * user part of a URL into them.
 */
export class RoundsError extends Error {
  override readonly name = 'RoundsError'
  /** Stable token for logs, metrics and tests, such as `http-status` or `not-a-data-file`. */
  readonly code: string
  readonly class: ErrorClass
  /** The next step for the operator: one sentence, or empty when the message says it all. */
  readonly hint: string

  constructor(
    code: string,
    errorClass: ErrorClass,
    message: string,
    hint = '',
    options?: ErrorOptions,
  ) {
    super(message, options)
    this.code = code
    this.class = errorClass
    this.hint = hint
  }
}

/** Any thrown value as a `RoundsError`; one that is not ours is a `skip` with code `unexpected`. */
export function asRoundsError(thrown: unknown): RoundsError {
  if (thrown instanceof RoundsError) return thrown
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  return new RoundsError(
    'unexpected',
    'skip',
    message,
    'This is not foreseen: please report it with the log line.',
    { cause: thrown },
  )
}

/** What was thrown as an error of a site or a moment; one that stops everything is thrown again. */
export function notStopped(thrown: unknown): RoundsError {
  const error = asRoundsError(thrown)
  if (error.class === 'stop') throw error
  return error
}
