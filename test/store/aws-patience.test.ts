import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { awsPatience } from '../../lib/store/aws-patience.ts'
import { LOCAL } from '../fixtures/dynamodb-server.ts'
import { type FaultProxy, faultProxy } from '../fixtures/fault-proxy.ts'

const LIB = new URL('../../lib/', import.meta.url).pathname

describe('a client of AWS', () => {
  let proxy: FaultProxy
  beforeEach(async () => {
    proxy = await faultProxy('http://127.0.0.1:1')
    proxy.plan(() => 'silent')
  })
  afterEach(() => proxy.close())

  it.each([
    ['a limit of silence', { silenceMs: 100 }],
    ['a limit of the answer', { silenceMs: 60_000, answerMs: 100 }],
  ])('gives a silent service up, by %s, and that counts as a try', async (_, patience) => {
    const client = new SQSClient({
      ...{ ...LOCAL, endpoint: proxy.url, maxAttempts: 2, useQueueUrlAsEndpoint: false },
      requestHandler: awsPatience(patience),
    })
    const command = new SendMessageCommand({ QueueUrl: `${proxy.url}/q`, MessageBody: 'x' })
    await expect(client.send(command)).rejects.toMatchObject({ name: 'TimeoutError' })
    expect(proxy.passed).toHaveLength(2)
    client.destroy()
  })

  it('has such limits wherever one is made', () => {
    const made = readdirSync(LIB, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts'))
      .map((path) => [path, readFileSync(join(LIB, path), 'utf8')] as const)
      .filter(([, text]) => /new \w+Client\(/.test(text))
    expect(made.length).toBeGreaterThanOrEqual(8)
    const without = made.filter(([, text]) => !/\bawsPatience\(/.test(text))
    expect(without.map(([path]) => path)).toEqual([])
  })
})
