import { openFunction } from '../lib/backends/functions.ts'
import { collectWorker } from '../lib/work/collecting.ts'
import type { Deliveries, RunContext } from '../lib/work/deliveries.ts'
import { workOff } from '../lib/work/work-off.ts'

const worker = collectWorker(openFunction(process.env))

/** Works off messages of its queue; SQS delivers those again that it names. */
export const handler = (event: Deliveries, context: RunContext) => workOff(worker, event, context)
