import { RoundsError } from '../errors.ts'

/** Which of the two stores an error tells of. */
export type AccessStore = 'secret' | 'edge'

const NAMES: Readonly<Record<AccessStore, string>> = {
  secret: 'The secret with the keys of access links',
  edge: 'The key value store of the report site',
}

const REFUSED_HINTS: Readonly<Record<AccessStore, string>> = {
  secret: 'Check your credentials, and whether you may read and write this secret.',
  edge: 'Check your credentials: temporary ones must come from a regional endpoint of STS.',
}

/** Errors that say who asks, or what they ask, is not allowed. */
const REFUSED: ReadonlySet<string> = new Set([
  'AccessDeniedException',
  'AccessDenied',
  'UnrecognizedClientException',
  'InvalidSignatureException',
  'IncompleteSignatureException',
  'MissingAuthenticationTokenException',
  'InvalidClientTokenId',
  'ExpiredTokenException',
  'CredentialsProviderError',
  'DecryptionFailure',
])

/**
 * What a call that failed means for the operator. Nothing of the request or the answer is shown but
 * the name of the error, and no cause is kept: both may hold secrets.
 */
export function storeError(thrown: unknown, store: AccessStore): RoundsError {
  if (thrown instanceof RoundsError) return thrown
  const name = thrown instanceof Error ? thrown.name : 'unknown'
  if (REFUSED.has(name)) {
    const message = `${NAMES[store]} refuses this account (${name}).`
    return new RoundsError('access-refused', 'stop', message, REFUSED_HINTS[store])
  }
  if (name === 'ResourceNotFoundException') {
    const message = `${NAMES[store]} is not there (${name}).`
    return new RoundsError('access-missing', 'stop', message, 'Deploy the stacks again.')
  }
  const message = `${NAMES[store]} cannot be reached or used now (${name}).`
  return new RoundsError('access-store', 'retry', message, 'Run this again in a minute.')
}

/** Others have changed a store again and again while this command tried to. */
export function storeContended(store: AccessStore): RoundsError {
  const message = `${NAMES[store]} was changed by others each time this was tried.`
  return new RoundsError('access-contended', 'retry', message, 'Run this again in a minute.')
}
