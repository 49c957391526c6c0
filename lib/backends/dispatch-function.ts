import { InvokeCommand, LambdaClient, type LambdaClientConfig } from '@aws-sdk/client-lambda'
import { RoundsError } from '../errors.ts'
import type { JobName } from '../job.ts'
import type { Day, Feed } from '../site.ts'
import { awsPatience } from '../store/aws-patience.ts'
import { SECOND_MS } from '../time.ts'

/** What a person asks of the functions of a stack, as `parseJob` reads it there (lib/job.ts). */
export interface AskedJob {
  job: JobName
  from?: Day
  to?: Day
  sites?: readonly string[]
  feeds?: readonly Feed[]
}

/** The function itself is ended after two minutes; nothing is heard of it until it answers. */
const ANSWER_MS = 150 * SECOND_MS

/** Errors by which AWS refuses whoever asks. */
const REFUSED = ['AccessDeniedException', 'UnrecognizedClientException', 'ExpiredTokenException']

/**
 * Hands a job to the dispatch function; gives the name that logs know it by, and how many messages
 * came of it. It is asked once: a job whose answer was lost may be under way, and says so.
 */
export async function askDispatch(
  name: string,
  job: AskedJob,
  config: LambdaClientConfig = {},
): Promise<{ id: string; messages: number }> {
  const patience = { connectMs: 5 * SECOND_MS, silenceMs: ANSWER_MS, answerMs: ANSWER_MS }
  const client = new LambdaClient({
    maxAttempts: 1,
    requestHandler: awsPatience(patience),
    ...config,
  })
  try {
    const command = new InvokeCommand({ FunctionName: name, Payload: JSON.stringify(job) })
    const { FunctionError, Payload } = await client.send(command)
    const answer = JSON.parse(Buffer.from(Payload ?? []).toString())
    if (FunctionError) throw notDispatched(answer.errorMessage)
    return answer
  } catch (thrown) {
    throw thrown instanceof RoundsError ? thrown : notAsked(name, thrown as Error)
  } finally {
    client.destroy()
  }
}

function notDispatched(why: unknown): RoundsError {
  return new RoundsError('dispatch', 'stop', `The stack did not take the job: ${why}`)
}

function notAsked(name: string, cause: Error): RoundsError {
  const error = (code: string, says: string, hint: string) =>
    new RoundsError(code, 'stop', `${says} (${cause.name}).`, hint, { cause })
  if (cause.name === 'ResourceNotFoundException') {
    return error('dispatch-missing', `There is no function ${name}`, 'Deploy the stacks again.')
  }
  if (REFUSED.includes(cause.name)) {
    const hint = 'They need lambda:InvokeFunction on it; with --here this machine does the work.'
    return error('dispatch-refused', `These credentials may not call ${name}`, hint)
  }
  const hint = 'It may have been taken all the same: a second time does no harm, it costs a little.'
  return error('dispatch-unknown', `The function ${name} gave no answer`, hint)
}
