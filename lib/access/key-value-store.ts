// The store takes signatures of SigV4A alone; importing this package is what teaches them.
import '@aws-sdk/signature-v4a'
import {
  CloudFrontKeyValueStoreClient,
  type CloudFrontKeyValueStoreClientConfig,
  DescribeKeyValueStoreCommand,
  ListKeysCommand,
  UpdateKeysCommand,
} from '@aws-sdk/client-cloudfront-keyvaluestore'
import { awsPatience } from '../store/aws-patience.ts'
import { SECOND_MS } from '../time.ts'
import { storeError } from './store-faults.ts'
import type { EdgeKeys } from './stores.ts'

/** Key value stores are in no region; the client wants one of the partition that has them. */
const REGION = 'us-east-1'

/** A person waits for it, over a network of any kind. */
const PATIENCE = { connectMs: 5 * SECOND_MS, silenceMs: 10 * SECOND_MS, answerMs: 10 * SECOND_MS }

/** Where a key value store is looked for, and who asks. */
export interface KeyValueStoreConfig extends CloudFrontKeyValueStoreClientConfig {
  /**
   * Another place than AWS, in tests, taken as it is. Given to the client itself, the account's
   * number would be put before its name, and no machine has a name like that.
   */
  at?: string | undefined
}

/** The secrets of access links in a CloudFront KeyValueStore. */
export function keyValueStore(arn: string, { at, ...config }: KeyValueStoreConfig = {}): EdgeKeys {
  const client = new CloudFrontKeyValueStoreClient({
    region: REGION,
    requestHandler: awsPatience(PATIENCE),
    ...config,
    ...(at !== undefined && { endpointProvider: () => ({ url: new URL(at) }) }),
  })
  const called = <T>(call: Promise<T>): Promise<T> =>
    call.catch((thrown) => {
      throw storeError(thrown, 'edge')
    })
  return {
    async read() {
      // The version comes first: what changes later is noticed when it is named.
      const { ETag } = await called(client.send(new DescribeKeyValueStoreCommand({ KvsARN: arn })))
      const secrets = new Map<string, string>()
      for (let after: string | undefined; ; ) {
        const command = new ListKeysCommand({ KvsARN: arn, ...(after && { NextToken: after }) })
        const { Items = [], NextToken } = await called(client.send(command))
        for (const { Key, Value } of Items) secrets.set(Key!, Value!)
        if (!NextToken) return { secrets, version: ETag! }
        after = NextToken
      }
    },
    async change({ put, remove }, version) {
      const command = new UpdateKeysCommand({
        KvsARN: arn,
        IfMatch: version,
        Puts: [...put].map(([Key, Value]) => ({ Key, Value })),
        Deletes: remove.map((Key) => ({ Key })),
      })
      try {
        await client.send(command)
        return true
      } catch (thrown) {
        if (isStale(thrown as Error)) return false
        throw storeError(thrown, 'edge')
      }
    },
  }
}

/** Another version of the store is told in two ways. */
function isStale({ name, message }: Error): boolean {
  if (name === 'ConflictException') return true
  return name === 'ValidationException' && /pre-?condition|etag|if-?match/i.test(message)
}
