import { setTimeout as sleep } from 'node:timers/promises'
import {
  type SendMessageBatchRequestEntry as Entry,
  SendMessageBatchCommand,
  SQSClient,
  type SQSClientConfig,
} from '@aws-sdk/client-sqs'
import { atOnce } from '../at-once.ts'
import { RoundsError } from '../errors.ts'
import { awsError } from '../store/aws-faults.ts'
import { awsPatience } from '../store/aws-patience.ts'
import { oneLine } from '../text/one-line.ts'
import { SECOND_MS } from '../time.ts'
import type { Message, Queue } from './queue.ts'

/** How often a call is made before it fails, with growing pauses and jitter. */
const MAX_ATTEMPTS = 6

/** The most that SQS takes in one call. */
const BATCH = 10

/** Batches under way side by side: a hundred thousand sites are five hundred batches. */
const BATCHES_AT_ONCE = 8

/** How often what SQS did not take out of a batch is sent, the first time included. */
const MOST_TRIES = 4

/** The pause before it is sent again; each further one is twice as long. */
const FIRST_PAUSE_MS = 100

/** From a request to its answer: a queue answers within milliseconds, or its next node does. */
const REQUEST_MS = 10 * SECOND_MS

/** Characters of a reason that are sent: it counts for the size of a message. */
const MOST_REASON = 500

/** What XML cannot hold, and so no attribute can; `oneLine` leaves out control characters. */
const NOT_IN_XML = /[\ufffe\uffff]/g

/**
 * Sends to a queue of SQS. `config` says where it is, in tests; else the environment. Only messages
 * whose bodies are small are meant: ten of them stay far below the 1 MiB that a call may carry.
 */
export function sqsQueue(url: string, config: SQSClientConfig = {}): Queue {
  // The client would send to the host in the queue's URL whatever endpoint it is given.
  const client = new SQSClient({
    maxAttempts: MAX_ATTEMPTS,
    useQueueUrlAsEndpoint: false,
    requestHandler: awsPatience({ silenceMs: REQUEST_MS, answerMs: REQUEST_MS }),
    ...config,
  })

  async function sendBatch(batch: readonly Entry[]): Promise<void> {
    let entries = batch
    for (let tries = 1; ; tries += 1) {
      const command = new SendMessageBatchCommand({ QueueUrl: url, Entries: [...entries] })
      const { Successful = [], Failed = [] } = await client.send(command).catch((thrown) => {
        throw awsError(thrown, { code: 'queue', name: url })
      })
      // Whatever the answer does not say to be taken is not taken.
      entries = entries.filter(({ Id }) => !Successful.some((taken) => taken.Id === Id))
      if (entries.length === 0) return
      const ours = Failed.find(({ SenderFault }) => SenderFault)
      if (ours || tries === MOST_TRIES) throw notTaken(url, (ours ?? Failed[0])?.Code)
      await sleep(FIRST_PAUSE_MS * 2 ** (tries - 1))
    }
  }

  return {
    async send(messages) {
      const batches: Entry[][] = []
      for (let from = 0; from < messages.length; from += BATCH) {
        batches.push(messages.slice(from, from + BATCH).map(entryOf))
      }
      await atOnce(BATCHES_AT_ONCE, batches, sendBatch)
    },
  }
}

function entryOf({ text, group, delaySeconds, reason }: Message, index: number): Entry {
  return {
    Id: String(index),
    MessageBody: text,
    MessageGroupId: group,
    ...(delaySeconds && { DelaySeconds: delaySeconds }),
    ...(reason && { MessageAttributes: { reason: textAttribute(reason) } }),
  }
}

/** SQS refuses the whole batch for one character that it does not allow. */
function textAttribute(text: string) {
  const StringValue = oneLine(text.replace(NOT_IN_XML, ' '), MOST_REASON) || '-'
  return { DataType: 'String', StringValue }
}

function notTaken(url: string, code = 'unknown'): RoundsError {
  return new RoundsError(
    'queue-not-taken',
    'retry',
    `The queue ${url} did not take a message (${code}).`,
    'It is sent again with the next tick of the schedule.',
  )
}
