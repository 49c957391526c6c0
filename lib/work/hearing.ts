import type { FunctionPorts } from '../backends/functions.ts'
import { feedbackIn, noteFeedback } from '../notify/feedback.ts'
import { embeddedMetrics } from './metrics.ts'

/** What SNS hands to a function; of its many fields those that are read. */
export interface Notifications {
  Records: { Sns: { Message: string } }[]
}

/** Notes which addresses did not take a mail. A notification that is no JSON is logged and left. */
export async function hearFeedback(ports: FunctionPorts, { Records }: Notifications) {
  const { table, log, clock, write, stack } = ports
  const metrics = embeddedMetrics(write, clock.now, stack)
  for (const { Sns } of Records) {
    let notification: unknown
    try {
      notification = JSON.parse(Sns.Message)
    } catch {
      log('warn', 'feedback:unknown', { bytes: Sns.Message.length })
      continue
    }
    for (const one of feedbackIn(notification, clock.now())) {
      await noteFeedback(table, one)
      log('warn', `mail:${one.kind}`, { to: one.to, why: one.why })
      metrics({ MailsBounced: 1 })
    }
  }
}
