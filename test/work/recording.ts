import type { Level, LogFields } from '../../lib/log.ts'
import type { Message, Queue } from '../../lib/queue/queue.ts'
import type { RunContext } from '../../lib/work/deliveries.ts'

/** A queue that keeps what it was sent. */
export interface RecordingQueue extends Queue {
  sent: Message[]
  /** From now on it throws this. */
  fail(error?: Error): void
}

/** A queue that nobody reads from but the test. */
export function recordingQueue(): RecordingQueue {
  const sent: Message[] = []
  let failure: Error | undefined
  return {
    sent,
    fail(error) {
      failure = error
    },
    async send(messages) {
      if (failure) throw failure
      sent.push(...messages)
    },
  }
}

/** One event of a log. */
export interface Logged extends LogFields {
  level: Level
  event: string
}

/** What a function is told about a run that has so many milliseconds left. */
export function runOf(leftMs = 300_000): RunContext {
  return { awsRequestId: 'r1', getRemainingTimeInMillis: () => leftMs }
}

/** A delivery of a job as SQS tells it: how often it was received, this time included. */
export function received(job: object, times: number) {
  const attributes = { ApproximateReceiveCount: String(times) }
  return { Records: [{ messageId: 'm1', body: JSON.stringify(job), attributes }] }
}

/** Deliveries of these texts, or of JSON, by the names m1, m2 and so on. */
export function deliveriesOf(...bodies: unknown[]) {
  const Records = bodies.map((body, index) => ({
    messageId: `m${index + 1}`,
    body: typeof body === 'string' ? body : JSON.stringify(body),
  }))
  return { Records }
}

/** The jobs in messages, as JSON. */
export function jobsOf(messages: readonly Message[]): Record<string, unknown>[] {
  return messages.map(({ text }) => JSON.parse(text))
}
