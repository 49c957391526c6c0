import {
  GetSecretValueCommand,
  PutSecretValueCommand,
  ResourceNotFoundException,
  SecretsManagerClient,
  type SecretsManagerClientConfig,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager'
import { type Chance, systemChance } from '../random.ts'
import { awsPatience } from '../store/aws-patience.ts'
import { SECOND_MS } from '../time.ts'
import { storeError } from './store-faults.ts'
import type { KeySecret } from './stores.ts'

/** The label that every version bears until it becomes the current one; two cannot bear it. */
const NEXT = 'SITEROUNDS_NEXT'
const CURRENT = 'AWSCURRENT'

/** A person waits for it, over a network of any kind. */
const PATIENCE = { connectMs: 5 * SECOND_MS, silenceMs: 10 * SECOND_MS, answerMs: 10 * SECOND_MS }

/**
 * The keys in a secret of Secrets Manager. A new version is put beside the current one and takes
 * its place only if that is still the one that was read: moving the label names the version it is
 * taken from, and fails when another bears it. `config` says where the service is, in tests; else
 * the region stands in the ARN, and the rest in the environment.
 */
export function keySecret(
  arn: string,
  config: SecretsManagerClientConfig = {},
  chance: Chance = systemChance,
): KeySecret {
  const region = arn.split(':')[3]
  const client = new SecretsManagerClient({
    ...(region && { region }),
    requestHandler: awsPatience(PATIENCE),
    ...config,
  })
  const read = async () => {
    try {
      const { SecretString: text, VersionId: version } = await client.send(
        new GetSecretValueCommand({ SecretId: arn, VersionStage: CURRENT }),
      )
      return { ...(text !== undefined && { text }), ...(version !== undefined && { version }) }
    } catch (thrown) {
      // A secret that was never given a value answers as one that is not there, in other words.
      if (thrown instanceof ResourceNotFoundException && /staging label/.test(thrown.message)) {
        return {}
      }
      throw storeError(thrown, 'secret')
    }
  }
  const put = async (text: string, label: string) => {
    const token = chance.token()
    const command = new PutSecretValueCommand({
      SecretId: arn,
      ClientRequestToken: token,
      SecretString: text,
      VersionStages: [label],
    })
    await client.send(command).catch((thrown) => {
      throw storeError(thrown, 'secret')
    })
    return token
  }
  return {
    read,
    async replace(text, version) {
      const next = await put(text, version === undefined ? CURRENT : NEXT)
      if (version !== undefined) {
        const command = new UpdateSecretVersionStageCommand({
          SecretId: arn,
          VersionStage: CURRENT,
          MoveToVersionId: next,
          RemoveFromVersionId: version,
        })
        try {
          await client.send(command)
          return true
        } catch (thrown) {
          if (!/^Invalid(Parameter|Request)Exception$/.test((thrown as Error).name)) {
            throw storeError(thrown, 'secret')
          }
        }
      }
      // Nothing was there to be named, or the label has moved: by another, or by an earlier try of
      // this very request whose answer was lost.
      return (await read()).version === next
    },
  }
}
