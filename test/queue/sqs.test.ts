import { createHash } from 'node:crypto'
import {
  CreateQueueCommand,
  type Message as Received,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Message } from '../../lib/queue/queue.ts'
import { sqsQueue } from '../../lib/queue/sqs.ts'
import { type AwsServer, awsServer } from '../fixtures/aws-server.ts'
import { LOCAL } from '../fixtures/dynamodb-server.ts'
import { type Fault, type FaultProxy, faultProxy } from '../fixtures/fault-proxy.ts'
import { type QueueFront, queueFront } from '../fixtures/queue-front.ts'

let server: AwsServer
let front: QueueFront
/** What the queue under test sends to: faults stand before it, SQS behind. */
let proxy: FaultProxy
let client: SQSClient
let queues = 0

beforeAll(async () => {
  server = await awsServer()
  front = await queueFront(server.url)
  proxy = await faultProxy(front.url)
  client = new SQSClient({ ...LOCAL, endpoint: server.url, useQueueUrlAsEndpoint: false })
})
afterAll(async () => {
  client.destroy()
  await proxy.close()
  await front.close()
  await server.close()
})
afterEach(() => {
  proxy.plan()
  proxy.forget()
})

async function newQueue(): Promise<string> {
  const command = new CreateQueueCommand({ QueueName: `queue-${++queues}` })
  return (await client.send(command)).QueueUrl!
}

const open = (url: string, config = {}) =>
  sqsQueue(url, { ...LOCAL, endpoint: proxy.url, ...config })

/** All that is in a queue. */
async function all(url: string): Promise<Received[]> {
  const received: Received[] = []
  for (;;) {
    const { Messages = [] } = await client.send(
      new ReceiveMessageCommand({
        ...{ QueueUrl: url, MaxNumberOfMessages: 10, VisibilityTimeout: 600 },
        ...{ MessageAttributeNames: ['All'], MessageSystemAttributeNames: ['All'] },
      }),
    )
    if (Messages.length === 0) return received
    received.push(...Messages)
  }
}

const bodies = (received: Received[]) => received.map(({ Body }) => Body).sort()

const messages = (count: number): Message[] =>
  Array.from({ length: count }, (_, n) => ({ text: `{"n":${100 + n}}`, group: `site-${n}` }))

const texts = (sent: readonly Message[]) => sent.map(({ text }) => text).sort()

/**
 * Answers a batch as SQS would that takes only some of it; nothing of it reaches SQS. Entries are
 * named by their place in `sent`.
 */
function answering(sent: readonly Message[], taken: number[], failed: [number, boolean][]): Fault {
  const md5 = (text: string) => createHash('md5').update(text).digest('hex')
  const body = JSON.stringify({
    Successful: taken.map((n) => ({
      ...{ Id: String(n), MessageId: `id-${n}` },
      MD5OfMessageBody: md5(sent[n]!.text),
    })),
    Failed: failed.map(([n, SenderFault]) => ({
      ...{ Id: String(n), SenderFault },
      Code: 'InternalError',
    })),
  })
  return { status: 200, body, headers: { 'content-type': 'application/x-amz-json-1.0' } }
}

/** Makes the first requests fail in these ways; all others pass. */
function failFirst(...faults: Fault[]): void {
  proxy.plan(() => faults.shift())
}

const refusal = (name: string): Fault => ({
  status: 400,
  body: JSON.stringify({ __type: `com.amazonaws.sqs#${name}`, message: name }),
})

describe('law 1 and 2: a queue takes every message', () => {
  it.each([0, 1, 10, 11, 25])('of %d, ten in a call', async (count) => {
    const url = await newQueue()
    const sent = messages(count)
    await open(url).send(sent)
    expect(bodies(await all(url))).toEqual(texts(sent))
    expect(proxy.passed).toHaveLength(Math.ceil(count / 10))
  })

  it('and nothing is said twice when all goes well', async () => {
    const url = await newQueue()
    await open(url).send(messages(25))
    expect(new Set(bodies(await all(url))).size).toBe(25)
  })
})

describe('what goes with a message', () => {
  it('is its group, its delay, and its reason', async () => {
    const url = await newQueue()
    await open(url).send([
      { text: '{"a":1}', group: 'site-1', delaySeconds: 120 },
      { text: '{"a":2}', group: 'site-2', reason: 'bad-job: 这不是 JSON' },
    ])
    const [first, second] = (await all(url)).sort((one, other) =>
      one.Body! < other.Body! ? -1 : 1,
    )
    expect(front.sentWith(first!.MessageId!)).toEqual({ delaySeconds: 120, groupId: 'site-1' })
    expect(first!.MessageAttributes).toBeUndefined()
    expect(front.sentWith(second!.MessageId!)).toEqual({ delaySeconds: 0, groupId: 'site-2' })
    expect(second!.MessageAttributes).toEqual({
      reason: { DataType: 'String', StringValue: 'bad-job: 这不是 JSON' },
    })
  })

  it.each<[string, string, RegExp]>([
    ['line breaks and control characters', 'a\nb\u0000\u0007c', /^a\s+b\s+c$/],
    ['half a character, and what is none', 'a \ud83d b \ufffe\uffffc', /^a\s+b\s+c$/],
    ['nothing but these', '\u0001', /^-$/],
    ['more than a reason', 'x'.repeat(3_000), /^x{499}…$/],
  ])('is a reason without what SQS would refuse: %s', async (_, reason, held) => {
    const url = await newQueue()
    await open(url).send([{ text: '{}', group: 'dead', reason }])
    const [letter] = await all(url)
    const { StringValue = '' } = letter!.MessageAttributes!.reason!
    expect(StringValue).toMatch(held)
    // What the documentation of SendMessage allows; others are refused with the whole batch.
    expect(StringValue).toMatch(/^[\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]+$/u)
  })
})

it('a queue is asked at the endpoint, whatever host its URL names', async () => {
  const url = await newQueue()
  const elsewhere = new URL(url)
  elsewhere.host = 'sqs.eu-central-1.amazonaws.com'
  await open(String(elsewhere)).send(messages(1))
  expect(proxy.passed).toHaveLength(1)
})

describe('when the network or the service fails', () => {
  it.each<[string, Fault[]]>([
    ['is throttled', [refusal('ThrottlingException')]],
    ['is answered with 500', [{ status: 500 }]],
    ['is answered with 503', [{ status: 503, body: 'Service Unavailable' }]],
    ['is cut before the service hears of it', ['cut-before']],
  ])('a batch that %s is sent again', async (_, faults) => {
    const url = await newQueue()
    const sent = messages(10)
    failFirst(...faults)
    await open(url).send(sent)
    expect(bodies(await all(url))).toEqual(texts(sent))
    expect(proxy.passed).toHaveLength(faults.length + 1)
  })

  it('a batch whose answer is lost is sent again: rather twice than never', async () => {
    const url = await newQueue()
    const sent = messages(3)
    failFirst('cut-after')
    await open(url).send(sent)
    expect([...new Set(bodies(await all(url)))]).toEqual(texts(sent))
  })

  it.each<[string, Fault, object]>([
    ['throttled on and on', refusal('RequestThrottled'), { code: 'queue-busy', class: 'retry' }],
    ['never answered well', { status: 500 }, { code: 'queue-down', class: 'retry' }],
    ['cut on and on', 'cut-before', { code: 'queue-down', class: 'retry' }],
    ['refused', refusal('AccessDeniedException'), { code: 'queue-refused', class: 'stop' }],
    ['not there', refusal('QueueDoesNotExist'), { code: 'queue-missing', class: 'stop' }],
  ])('what is %s fails with a way out', async (_, fault, told) => {
    const url = await newQueue()
    proxy.plan(() => fault)
    const send = open(url, { maxAttempts: 2 }).send(messages(1))
    await expect(send).rejects.toMatchObject({ ...told, hint: expect.stringMatching(/./) })
  })
})

describe('a batch of which SQS takes only some', () => {
  it('is sent again without these, until all are taken', async () => {
    const url = await newQueue()
    const sent = messages(4)
    const first = [
      [1, false],
      [3, false],
    ] as [number, boolean][]
    failFirst(answering(sent, [0, 2], first), answering(sent, [1], [[3, false]]))
    await open(url).send(sent)
    // The proxy has answered for SQS: only what was left at last came to it.
    expect(bodies(await all(url))).toEqual([sent[3]!.text])
    expect(proxy.passed).toHaveLength(3)
  })

  it('is not taken as long as the answer does not say so', async () => {
    const url = await newQueue()
    const sent = messages(2)
    failFirst(answering(sent, [], []), answering(sent, [1], []))
    await open(url).send(sent)
    expect(bodies(await all(url))).toEqual([sent[0]!.text])
  })

  it('fails when some are never taken', async () => {
    const url = await newQueue()
    const sent = messages(2)
    const never = Array.from({ length: 9 }, () => answering(sent, [], [[1, false]]))
    failFirst(answering(sent, [0], [[1, false]]), ...never)
    await expect(open(url).send(sent)).rejects.toMatchObject({
      ...{ code: 'queue-not-taken', class: 'retry' },
      message: expect.stringContaining('InternalError'),
    })
    expect(proxy.passed).toHaveLength(4)
  })

  it('fails at once when it is our fault: the same would be refused again', async () => {
    const url = await newQueue()
    const sent = messages(2)
    failFirst(answering(sent, [0], [[1, true]]))
    await expect(open(url).send(sent)).rejects.toMatchObject({ code: 'queue-not-taken' })
    expect(proxy.passed).toHaveLength(1)
    expect(await all(url)).toEqual([])
  })
})

it('a batch that fails does not keep the others from being sent', async () => {
  const url = await newQueue()
  const sent = messages(25)
  failFirst(refusal('AccessDeniedException'))
  await expect(open(url).send(sent)).rejects.toMatchObject({ code: 'queue-refused' })
  // Some may be taken all the same: whoever sends again sends all of them.
  await open(url).send(sent)
  expect([...new Set(bodies(await all(url)))]).toEqual(texts(sent))
})
