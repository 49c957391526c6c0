import {
  GetSecretValueCommand,
  SecretsManagerClient,
  type SecretsManagerClientConfig,
} from '@aws-sdk/client-secrets-manager'
import { RoundsError } from '../errors.ts'
import type { Secrets } from '../site-secrets.ts'
import { SECOND_MS } from '../time.ts'
import { awsError } from './aws-faults.ts'
import { awsPatience } from './aws-patience.ts'

/** How often a call is made before it fails, with growing pauses and jitter. */
const MAX_ATTEMPTS = 6

/** From a request to its answer. */
const REQUEST_MS = 5 * SECOND_MS

/**
 * The secrets of a fleet: a secret of Secrets Manager that holds one JSON object of texts. Throws a
 * `RoundsError` when it cannot be read or is something else; no message tells what it holds.
 */
export async function secretValues(
  arn: string,
  config: SecretsManagerClientConfig = {},
): Promise<Secrets> {
  const client = new SecretsManagerClient({
    maxAttempts: MAX_ATTEMPTS,
    requestHandler: awsPatience({ silenceMs: REQUEST_MS, answerMs: REQUEST_MS }),
    ...config,
  })
  try {
    const { SecretString = '' } = await client
      .send(new GetSecretValueCommand({ SecretId: arn }))
      .catch((thrown) => {
        throw awsError(thrown, { code: 'secret', name: arn })
      })
    return textsIn(SecretString)
  } finally {
    client.destroy()
  }
}

function textsIn(text: string): Secrets {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw notTexts()
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw notTexts()
  if (!Object.values(value).every((one) => typeof one === 'string')) throw notTexts()
  return value as Secrets
}

function notTexts(): RoundsError {
  return new RoundsError(
    'secret-form',
    'stop',
    'The secret of the stack is no JSON object of texts.',
    'Write it like {"BJ01_PASSWORD":"…"}.',
  )
}
