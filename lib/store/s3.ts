import { gunzipSync, gzipSync } from 'node:zlib'
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  NoSuchKey,
  PutObjectCommand,
  S3Client,
  type S3ClientConfig,
} from '@aws-sdk/client-s3'
import { SECOND_MS } from '../time.ts'
import { awsError } from './aws-faults.ts'
import { awsPatience } from './aws-patience.ts'
import { objectPath } from './object-path.ts'
import type { Objects } from './objects.ts'

/** How often a call is made before it fails, with growing pauses and jitter. */
const MAX_ATTEMPTS = 6

/**
 * Time in which S3 neither takes nor gives a byte; it answers within a second. The whole of a
 * request has no limit: files of the archive are large, and a person's line may be slow. All tries
 * at a silent S3 are over within the last minute of a function.
 */
const SILENCE_MS = 5 * SECOND_MS

/** What shrinks: pages, charts, figures. Archives and pictures are compressed already. */
const COMPRESSIBLE = /^(text\/|application\/(json|javascript)|image\/svg)/

/**
 * Objects in a bucket of S3. What shrinks is stored compressed and says so, which every browser
 * understands and CloudFront hands on. `config` says where S3 is, in tests; else the environment.
 */
export function s3Objects(
  bucket: string,
  config: S3ClientConfig = {},
  silenceMs = SILENCE_MS,
): Objects {
  const client = new S3Client({
    maxAttempts: MAX_ATTEMPTS,
    requestHandler: awsPatience({ silenceMs }),
    ...config,
  })
  const called = <T>(call: Promise<T>): Promise<T> =>
    call.catch((thrown) => {
      throw awsError(thrown, { code: 'bucket', name: bucket })
    })
  return {
    async put(path, body, { contentType, cacheControl } = {}) {
      const compressed = COMPRESSIBLE.test(contentType ?? '')
      const command = new PutObjectCommand({
        Bucket: bucket,
        Key: objectPath(path),
        Body: compressed ? gzipSync(body) : body,
        ...(compressed && { ContentEncoding: 'gzip' }),
        ...(contentType && { ContentType: contentType }),
        ...(cacheControl && { CacheControl: cacheControl }),
      })
      await called(client.send(command))
    },
    async get(path) {
      const command = new GetObjectCommand({ Bucket: bucket, Key: objectPath(path) })
      try {
        const { Body, ContentEncoding } = await client.send(command)
        const bytes = await Body!.transformToByteArray()
        return ContentEncoding === 'gzip' ? gunzipSync(bytes) : bytes
      } catch (thrown) {
        if (thrown instanceof NoSuchKey) return undefined
        throw awsError(thrown, { code: 'bucket', name: bucket })
      }
    },
    async list(prefix) {
      const paths: string[] = []
      for (let after: string | undefined; ; ) {
        const command = new ListObjectsV2Command({
          Bucket: bucket,
          Prefix: prefix,
          ...(after && { ContinuationToken: after }),
        })
        const { Contents = [], NextContinuationToken } = await called(client.send(command))
        for (const { Key } of Contents) paths.push(Key!)
        if (!NextContinuationToken) return paths
        after = NextContinuationToken
      }
    },
    async remove(path) {
      const command = new DeleteObjectCommand({ Bucket: bucket, Key: objectPath(path) })
      await called(client.send(command))
    },
  }
}
