import { randomUUID } from 'node:crypto'
import { CreateBucketCommand, GetObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { s3Objects } from '../../lib/store/s3.ts'
import { objectsContract } from '../contracts/objects.ts'
import { type AwsServer, awsServer } from '../fixtures/aws-server.ts'
import { LOCAL } from '../fixtures/dynamodb-server.ts'
import type { Fault } from '../fixtures/fault-proxy.ts'

/** Begins the names of all buckets: an engine may hold those of another run. */
const RUN = randomUUID()

let server: AwsServer
let client: S3Client
let buckets = 0

beforeAll(async () => {
  server = await awsServer()
  client = new S3Client({ ...LOCAL, endpoint: server.url, forcePathStyle: true })
})
afterAll(async () => {
  client.destroy()
  await server.close()
})
afterEach(() => server.proxy.plan())

async function newBucket(): Promise<string> {
  const name = `${RUN}-${++buckets}`
  await client.send(new CreateBucketCommand({ Bucket: name }))
  return name
}

const open = (bucket: string) =>
  s3Objects(bucket, { ...LOCAL, endpoint: server.url, forcePathStyle: true })

describe('s3', () => {
  objectsContract(async () => open(await newBucket()))

  it('hands out pages compressed, with their type and how long they may be kept', async () => {
    const bucket = await newBucket()
    const page = '<p>告警</p>'.repeat(200)
    const options = { contentType: 'text/html; charset=utf-8', cacheControl: 'no-cache' }
    await open(bucket).put('a/index.html', page, options)
    const object = await client.send(new GetObjectCommand({ Bucket: bucket, Key: 'a/index.html' }))
    expect(object).toMatchObject({
      ContentType: options.contentType,
      CacheControl: options.cacheControl,
      ContentEncoding: 'gzip',
    })
    expect((await object.Body!.transformToByteArray()).length).toBeLessThan(page.length / 5)
    expect(Buffer.from((await open(bucket).get('a/index.html'))!).toString()).toBe(page)
  })

  it('lists more than one answer can hold', async () => {
    const objects = open(await newBucket())
    const paths = Array.from({ length: 1_100 }, (_, n) => `a/${String(n).padStart(4, '0')}`)
    for (let from = 0; from < paths.length; from += 50) {
      await Promise.all(paths.slice(from, from + 50).map((path) => objects.put(path, '')))
    }
    expect(await objects.list('a/')).toEqual(paths)
  })

  it.each<[string, Fault]>([
    ['asks for slowness', { status: 503, body: '<Error><Code>SlowDown</Code></Error>' }],
    ['fails', { status: 500, body: '<Error><Code>InternalError</Code></Error>' }],
    ['cuts the connection', 'cut-before'],
    ['cuts the connection behind the write', 'cut-after'],
  ])('a service that %s is asked again', async (_, fault) => {
    const objects = open(await newBucket())
    for (const method of ['PUT', 'GET', 'DELETE']) {
      let failed = 0
      server.proxy.plan((request) =>
        request.method === method && ++failed < 3 ? fault : undefined,
      )
      await objects.put('a', 'x')
      expect(Buffer.from((await objects.get('a'))!).toString()).toBe('x')
      await objects.remove('a')
      expect(await objects.get('a')).toBeUndefined()
      expect(failed).toBeGreaterThanOrEqual(3)
    }
  })

  it.each<Fault>(['silent', 'stalled'])('a service that is %s is given up', async (fault) => {
    const bucket = await newBucket()
    await open(bucket).put('a', 'xyz')
    const config = { ...LOCAL, endpoint: server.url, forcePathStyle: true, maxAttempts: 2 }
    const objects = s3Objects(bucket, config, 200)
    server.proxy.plan(() => fault)
    const down = { code: 'bucket-down', class: 'retry' }
    await expect(objects.get('a')).rejects.toMatchObject(down)
    await expect(objects.list('')).rejects.toMatchObject(down)
    if (fault === 'silent') await expect(objects.put('a', 'x')).rejects.toMatchObject(down)
  })

  it('a bucket that is not there, or not ours, is told with a way out', async () => {
    await expect(open('no-such-bucket').put('a', 'x')).rejects.toMatchObject({
      code: 'bucket-missing',
      class: 'stop',
    })
    const bucket = await newBucket()
    const denied = { status: 403, body: '<Error><Code>AccessDenied</Code></Error>' }
    server.proxy.plan(() => denied)
    const objects = open(bucket)
    const calls = [() => objects.put('a', 'x'), () => objects.get('a'), () => objects.list('')]
    for (const call of calls) {
      await expect(call()).rejects.toMatchObject({ code: 'bucket-refused', class: 'stop' })
    }
  })
})
