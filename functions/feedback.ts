import { openFunction } from '../lib/backends/functions.ts'
import { hearFeedback, type Notifications } from '../lib/work/hearing.ts'

const ports = openFunction(process.env)

/** Notes what SES tells of mails that were not delivered, or not wanted. */
export const handler = (event: Notifications) => hearFeedback(ports, event)
