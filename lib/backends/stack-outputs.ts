import {
  CloudFormationClient,
  type CloudFormationClientConfig,
  DescribeStacksCommand,
} from '@aws-sdk/client-cloudformation'
import { RoundsError } from '../errors.ts'
import { awsPatience } from '../store/aws-patience.ts'
import { SECOND_MS } from '../time.ts'
import type { AccessPlaces } from './access.ts'

/** The stacks of a fleet, by what their names end with. */
export type StackPart = 'data' | 'site' | 'pipeline'

/** What the stacks of a fleet say of themselves. */
export interface StackOutputs {
  /** All outputs of a stack, by name; asked for once. Throws when there is no such stack. */
  all(part: StackPart): Promise<ReadonlyMap<string, string>>
  /** One that each such stack has. Throws while its deployment is not done. */
  one(part: StackPart, name: string): Promise<string>
}

/** How often a call is made before it fails, with growing pauses and jitter. */
const MAX_ATTEMPTS = 4

/** A person waits for it, over a network of any kind. */
const PATIENCE = { connectMs: 5 * SECOND_MS, silenceMs: 10 * SECOND_MS, answerMs: 10 * SECOND_MS }

/** Errors by which AWS does not know who asks, and those by which it does and refuses. */
const UNKNOWN_CALLER = [
  'UnrecognizedClientException',
  'InvalidClientTokenId',
  'SignatureDoesNotMatch',
  'AuthFailure',
  'ExpiredToken',
  'ExpiredTokenException',
  'RequestExpired',
  'TokenProviderError',
]
const REFUSED = ['AccessDenied', 'AccessDeniedException', 'UnauthorizedOperation']

/**
 * Reads the outputs of the stacks whose names begin with `prefix`. Region and credentials come from
 * environment and profile, as with every tool of AWS; `config` is for tests.
 */
export function stackOutputs(
  prefix: string,
  config: CloudFormationClientConfig = {},
): StackOutputs {
  const known = new Map<StackPart, Promise<ReadonlyMap<string, string>>>()
  const all = (part: StackPart) => {
    const asked = known.get(part) ?? described(`${prefix}-${part}`, config)
    known.set(part, asked)
    return asked
  }
  return {
    all,
    async one(part, name) {
      const value = (await all(part)).get(name)
      if (value !== undefined) return value
      throw new RoundsError(
        'stack-output',
        'stop',
        `The stack ${prefix}-${part} has no output ${name}.`,
        'Look whether its deployment was completed, or deploy this release of Siterounds.',
      )
    },
  }
}

/** The keys of links and where these lead; throws when the report site is open to everybody. */
export async function accessPlaces(
  prefix: string,
  config: CloudFormationClientConfig = {},
): Promise<AccessPlaces> {
  const outputs = stackOutputs(prefix, config)
  const publicUrl = await outputs.one('site', 'PublicUrl')
  if (!(await outputs.all('site')).has('AccessSecretArn')) {
    throw new RoundsError(
      'access-public',
      'stop',
      `The report site of ${prefix}-site is open to everybody: there are no links to make.`,
      `It is at ${publicUrl}; without access: public in cdk.json it is deployed closed.`,
    )
  }
  const [accessSecretArn, keyValueStoreArn] = await Promise.all([
    outputs.one('site', 'AccessSecretArn'),
    outputs.one('site', 'AccessKeysStoreArn'),
  ])
  return { publicUrl, accessSecretArn, keyValueStoreArn }
}

async function described(
  name: string,
  config: CloudFormationClientConfig,
): Promise<ReadonlyMap<string, string>> {
  const client = new CloudFormationClient({
    maxAttempts: MAX_ATTEMPTS,
    requestHandler: awsPatience(PATIENCE),
    ...config,
  })
  try {
    const { Stacks = [] } = await client.send(new DescribeStacksCommand({ StackName: name }))
    const outputs = Stacks[0]?.Outputs ?? []
    return new Map(outputs.map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue]))
  } catch (thrown) {
    throw await told(thrown as Error, name, client)
  } finally {
    client.destroy()
  }
}

/** What the operator must do about a stack that could not be looked at. */
async function told(cause: Error, name: string, client: CloudFormationClient) {
  const { message } = cause
  const error = (code: string, says: string, hint: string) =>
    new RoundsError(code, 'stop', says, hint, { cause })
  if (/^Region (is missing|not accepted)/.test(message)) {
    const hint = 'Set AWS_REGION to one such as eu-central-1, or AWS_PROFILE to a profile with one.'
    return error('aws-region', 'No region of AWS is chosen, or it is none.', hint)
  }
  if (cause.name === 'CredentialsProviderError')
    return error('aws-credentials', ...noLogin(message))
  if (UNKNOWN_CALLER.includes(cause.name)) {
    const hint = 'Log in again (such as aws sso login), or set AWS_PROFILE to a profile that works.'
    return error('aws-credentials', `AWS does not accept these credentials (${cause.name}).`, hint)
  }
  const region = await client.config.region()
  if (REFUSED.includes(cause.name)) {
    const says = `AWS does not let these credentials look at the stack ${name} in ${region}.`
    const hint = 'They need cloudformation:DescribeStacks on it; another profile may have it.'
    return error('stack-refused', says, hint)
  }
  if (cause.name === 'ValidationError' && /does not exist/.test(message)) {
    const hint =
      'Deploy it (infra/README.md), or say where it is: --stack PREFIX, AWS_REGION, AWS_PROFILE.'
    return error('no-stack', `There is no stack ${name} in ${region}.`, hint)
  }
  const says = `CloudFormation in ${region} did not tell of the stack ${name} (${cause.name}).`
  return error('stack-unknown', says, 'Check the region and the network, then try again.')
}

/** The SDK's own words say which profile or login it was; they hold no secret. */
function noLogin(message: string): [says: string, hint: string] {
  const hint = 'Log in (such as aws sso login), or set AWS_PROFILE, or the keys of a role.'
  if (/^Could not load credentials/.test(message))
    return ['There are no credentials for AWS.', hint]
  return [`There are no credentials for AWS: ${message.split('\n', 1)[0]}`, hint]
}
