import { keySecret } from '../../lib/access/key-secret.ts'
import type { AccessStores } from '../../lib/access/key-turning.ts'
import { keyValueStore } from '../../lib/access/key-value-store.ts'
import { type AccessKey, readKeys } from '../../lib/access/keys.ts'
import { LOCAL } from '../fixtures/dynamodb-server.ts'
import { type FaultProxy, faultProxy } from '../fixtures/fault-proxy.ts'
import {
  type KeyValueStoreServer,
  keyValueStoreServer,
} from '../fixtures/key-value-store-server.ts'
import { type SecretsServer, secretsServer } from '../fixtures/secrets-server.ts'

/** Where the keys are in these tests. */
export const SECRET_ARN =
  'arn:aws:secretsmanager:eu-central-1:123456789012:secret:siterounds-access-a1b2c3'
export const STORE_ARN =
  'arn:aws:cloudfront::123456789012:key-value-store/0f0f0f0f-1111-2222-3333-444444444444'

/** Both stores as real services on loopback, each behind a proxy that makes faults. */
export interface AccessWorld {
  secrets: SecretsServer
  edge: KeyValueStoreServer
  secretProxy: FaultProxy
  edgeProxy: FaultProxy
  /** The two stores as one who runs a command opens them; ask again for another person. */
  open(): AccessStores
  /** What the secret holds now, and what the edge does. */
  keys(): AccessKey[]
  held(): Record<string, string>
  close(): Promise<void>
}

/** A world whose secret holds this text; null is a secret that never had a value. */
export async function accessWorld(text: string | null = '{"keys":[]}'): Promise<AccessWorld> {
  const secrets = await secretsServer({ [SECRET_ARN]: text ?? undefined })
  const edge = await keyValueStoreServer(STORE_ARN)
  const secretProxy = await faultProxy(secrets.url)
  const edgeProxy = await faultProxy(edge.url)
  const { credentials } = LOCAL
  return {
    ...{ secrets, edge, secretProxy, edgeProxy },
    open: () => ({
      secret: keySecret(SECRET_ARN, { credentials, endpoint: secretProxy.url }),
      edge: keyValueStore(STORE_ARN, { credentials, at: edgeProxy.url }),
    }),
    keys: () => readKeys(secrets.current(SECRET_ARN) ?? ''),
    held: () => Object.fromEntries(edge.values),
    async close() {
      await Promise.all([secretProxy.close(), edgeProxy.close()])
      await Promise.all([secrets.close(), edge.close()])
    },
  }
}
