import { type ErrorClass, RoundsError } from '../errors.ts'

/** A service of AWS as errors tell of it: `code` begins their codes, `name` is shown. */
export interface AwsPlace {
  code: 'table' | 'bucket' | 'queue' | 'secret'
  name: string
}

/** What is told of each kind of failure. */
interface Kind {
  code: string
  class: ErrorClass
  says: string
  hint: string
}

const BUSY: Kind = {
  code: 'busy',
  class: 'retry',
  says: 'takes no more requests at the moment',
  hint: 'It is tried again; if this comes often, more is asked than it is set up for.',
}

const DOWN: Kind = {
  code: 'down',
  class: 'retry',
  says: 'does not answer',
  hint: 'It is tried again with the next round.',
}

const REFUSED: Kind = {
  code: 'refused',
  class: 'stop',
  says: 'refuses this account',
  hint: 'Check the credentials, and what the role may do.',
}

const MISSING: Kind = {
  code: 'missing',
  class: 'stop',
  says: 'is not there',
  hint: 'Deploy the stacks, or check region and name.',
}

const FAULT: Kind = {
  code: 'fault',
  class: 'stop',
  says: 'did not understand a request',
  hint: 'This is a fault of Siterounds: please report it.',
}

/**
 * The errors of DynamoDB, S3, SQS and Secrets Manager by their names; one that is not here is taken
 * for a passing fault: the next round tries again, and monitoring tells when it does not pass.
 */
const KINDS: ReadonlyMap<string, Kind> = new Map([
  ...[
    'ProvisionedThroughputExceededException',
    'ThrottlingException',
    'RequestLimitExceeded',
    'SlowDown',
    'TooManyRequestsException',
    'RequestThrottled',
  ].map((name) => [name, BUSY] as const),
  ...[
    'AccessDeniedException',
    'AccessDenied',
    'Forbidden',
    'UnrecognizedClientException',
    'InvalidSignatureException',
    'IncompleteSignatureException',
    'MissingAuthenticationTokenException',
    'SignatureDoesNotMatch',
    'InvalidAccessKeyId',
    'ExpiredTokenException',
    'ExpiredToken',
    'CredentialsProviderError',
  ].map((name) => [name, REFUSED] as const),
  ...['ResourceNotFoundException', 'NoSuchBucket', 'QueueDoesNotExist'].map(
    (name) => [name, MISSING] as const,
  ),
  ...['ValidationException', 'SerializationException', 'InvalidArgument', 'KeyTooLongError'].map(
    (name) => [name, FAULT] as const,
  ),
])

/** What the caller must do about a call to AWS that failed. */
export function awsError(thrown: unknown, place: AwsPlace): RoundsError {
  if (thrown instanceof RoundsError) return thrown
  const { name, message } = thrown as Error
  const kind = KINDS.get(name) ?? DOWN
  const told = `The ${place.code} ${place.name} ${kind.says} (${name || message}).`
  const code = `${place.code}-${kind.code}`
  return new RoundsError(code, kind.class, told, kind.hint, { cause: thrown })
}
