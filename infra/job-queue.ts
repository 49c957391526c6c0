import { Duration } from 'aws-cdk-lib'
import * as lambda from 'aws-cdk-lib/aws-lambda'
import * as sqs from 'aws-cdk-lib/aws-sqs'
import { Construct } from 'constructs'
import type { JobFunction } from './job-function.ts'

/** How often a message is tried before it is a dead letter. */
const MOST_RECEIVES = 3

/** How long a dead letter waits for somebody to see to it: the most that SQS offers. */
const DEAD_LETTER_DAYS = 14

/** A message is seen again after so many times the function's timeout, as AWS advises. */
const VISIBILITY_TIMEOUTS = 6

/**
 * Of rounds after three times, a quarter of an hour: one that failed as a whole, or was killed, is
 * to be tried again before it is too old to be done (half an hour, lib/job.ts). Six would be as
 * long as that, and each message would come back too late. The advice is for functions that
 * throttle batches; here a call has one message, and no more are begun than may run side by side.
 */
export const ROUND_VISIBILITY_TIMEOUTS = 3

/** What a worker does with its queue. */
const WORKER_ACTIONS = [
  'sqs:ReceiveMessage',
  'sqs:DeleteMessage',
  'sqs:GetQueueAttributes',
  'sqs:ChangeMessageVisibility',
]

/** A queue for what could not be done, which people see to. */
export function deadLetterQueue(scope: Construct, id: string): sqs.Queue {
  return new sqs.Queue(scope, id, {
    enforceSSL: true,
    retentionPeriod: Duration.days(DEAD_LETTER_DAYS),
  })
}

/**
 * A queue whose messages one function works, with its dead letters. It is no FIFO queue: a message
 * that fails would keep back all behind it, and what comes twice or in another order does no harm.
 */
export class JobQueue extends Construct {
  readonly queue: sqs.Queue
  readonly deadLetters: sqs.Queue

  constructor(
    scope: Construct,
    id: string,
    workerTimeout: Duration,
    visibilityTimeouts = VISIBILITY_TIMEOUTS,
  ) {
    super(scope, id)
    this.deadLetters = deadLetterQueue(this, 'DeadLetters')
    this.queue = new sqs.Queue(this, 'Queue', {
      enforceSSL: true,
      visibilityTimeout: Duration.seconds(visibilityTimeouts * workerTimeout.toSeconds()),
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: MOST_RECEIVES },
    })
  }

  /** Lets a function work its messages, one in a call, so many calls side by side. */
  workedBy(worker: JobFunction, atOnce: number): void {
    worker.may(WORKER_ACTIONS, [this.queue.queueArn])
    // What it knows that it can never do becomes a dead letter at once, with the reason.
    worker.sendsTo('deadLetters', this.deadLetters)
    new lambda.EventSourceMapping(worker, 'Messages', {
      target: worker.function,
      eventSourceArn: this.queue.queueArn,
      batchSize: 1,
      reportBatchItemFailures: true,
      maxConcurrency: atOnce,
    })
  }
}
