import { openFunction } from '../lib/backends/functions.ts'
import type { Deliveries, RunContext } from '../lib/work/deliveries.ts'
import { mailWorker } from '../lib/work/mailing.ts'
import { workOff } from '../lib/work/work-off.ts'

const worker = mailWorker(openFunction(process.env))

/** Works off messages of its queue; SQS delivers those again that it names. */
export const handler = (event: Deliveries, context: RunContext) => workOff(worker, event, context)
