import {
  type SendMessageBatchRequestEntry as Entry,
  SendMessageBatchCommand,
  SQSClient,
  type SQSClientConfig,
} from '@aws-sdk/client-sqs'
import { atOnce } from '../at-once.ts'
import { RoundsError } from '../errors.ts'
import { awsError } from '../store/aws-faults.ts'
import type { Message, Queue } from './queue.ts'

/** How often a call is made before it fails, with growing pauses and jitter. */
const MAX_ATTEMPTS = 6

/** The most that SQS takes in one call. */
const BATCH = 10

/** Batches under way side by side: a hundred thousand sites are five hundred batches. */
const BATCHES_AT_ONCE = 8

/** How often what SQS refused out of a batch is sent again. */
const MOST_TRIES = 4

/**
 * Sends to a queue of SQS. `config` says where it is, in tests; else the environment. Only messages
 * whose bodies are small are meant: ten of them stay far below the 1 MiB that a call may carry.
 */
export function sqsQueue(url: string, config: SQSClientConfig = {}): Queue {
  // The client would send to the host in the queue's URL whatever endpoint it is given.
  const client = new SQSClient({
    maxAttempts: MAX_ATTEMPTS,
    useQueueUrlAsEndpoint: false,
    ...config,
  })

  async function sendBatch(batch: readonly Entry[]): Promise<void> {
    let entries = batch
    for (let tries = 1; entries.length > 0; tries += 1) {
      const command = new SendMessageBatchCommand({ QueueUrl: url, Entries: [...entries] })
      const { Failed = [] } = await client.send(command).catch((thrown) => {
        throw awsError(thrown, { code: 'queue', name: url })
      })
      const theirs = Failed.find(({ SenderFault }) => SenderFault)
      if (theirs || (Failed.length > 0 && tries === MOST_TRIES)) {
        throw refused(url, theirs?.Code ?? Failed[0]?.Code)
      }
      entries = entries.filter(({ Id }) => Failed.some((failed) => failed.Id === Id))
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
    ...(reason && {
      MessageAttributes: { reason: { DataType: 'String', StringValue: reason } },
    }),
  }
}

function refused(url: string, code = 'unknown'): RoundsError {
  return new RoundsError(
    'queue-refused',
    'retry',
    `The queue ${url} did not take a message (${code}).`,
    'It is sent again with the next tick of the schedule.',
  )
}
