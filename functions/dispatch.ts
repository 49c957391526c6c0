import { openFunction } from '../lib/backends/functions.ts'
import { readEnv } from '../lib/env.ts'
import type { RunContext } from '../lib/work/deliveries.ts'
import { dispatchPayload } from '../lib/work/dispatching.ts'

const ports = openFunction(process.env)
const sitesPerMessage = Number(readEnv(process.env, ['sitesPerMessage']).sitesPerMessage)

/** A job as JSON, of a schedule or a person, becomes messages; answers how many. */
export const handler = (payload: unknown, { awsRequestId: id }: RunContext) =>
  dispatchPayload(ports, payload, { id, sitesPerMessage })
