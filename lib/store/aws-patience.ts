import { SECOND_MS } from '../time.ts'

/** How long a client of AWS waits, in milliseconds. */
export interface AwsPatience {
  /** Until a connection stands; a second, unless a person's own network is on the way. */
  connectMs?: number
  /** Any time in which no byte moves, either way; within an answer, too. */
  silenceMs: number
  /** From a request to the beginning of its answer, the request's own body included. */
  answerMs?: number
}

/**
 * The `requestHandler` of a client of AWS that gives up: left to itself a client waits for a silent
 * service without end, beyond the lease of a claim and the time of a function. What was given up
 * fails as `TimeoutError`, and counts as a try.
 */
export function awsPatience({ connectMs = SECOND_MS, silenceMs, answerMs }: AwsPatience) {
  return {
    connectionTimeout: connectMs,
    socketTimeout: silenceMs,
    ...(answerMs !== undefined && { requestTimeout: answerMs }),
    // Without it the client warns that a request takes too long, and waits on.
    throwOnRequestTimeout: true,
  }
}
