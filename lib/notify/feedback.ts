import { unknownFormat } from '../store/item-format.ts'
import { feedbackKey } from '../store/keys.ts'
import type { Table } from '../store/table.ts'
import { oneLine } from '../text/one-line.ts'
import { DAY_MS, parseInstant } from '../time.ts'

/**
 * What became of a mail behind the mail server that took it: `bounced` it could not be delivered,
 * for good; `delayed` not for the moment; `complaint` its reader called it unwanted.
 */
export interface Feedback {
  kind: 'bounced' | 'delayed' | 'complaint'
  to: string
  /** Epoch milliseconds. */
  atMs: number
  /** What the other mail server said: one line. */
  why: string
}

/** The form of these items. */
const FEEDBACK_FORMAT = 1

/** Characters of a mail server's answer that are kept. */
const MOST_WHY = 300

/** The most that an address may have (RFC 5321, section 4.5.3.1.3, less the brackets). */
const MOST_ADDRESS = 254

/** Feedback is kept for so long: whoever looks after mails finds out by then. */
const KEPT_DAYS = 90

/** The part of SES's notifications that is read; its documentation: “Notification contents”. */
interface Notification {
  notificationType?: string
  eventType?: string
  bounce?: {
    bounceType?: string
    timestamp?: string
    bouncedRecipients?: { emailAddress?: string; diagnosticCode?: string }[]
  }
  complaint?: {
    timestamp?: string
    complaintFeedbackType?: string
    complainedRecipients?: { emailAddress?: string }[]
  }
}

/** The feedback in a notification of SES; none in one that tells of something else. */
export function feedbackIn(notification: unknown, nowMs: number): Feedback[] {
  const { notificationType, eventType, bounce, complaint } = (notification ?? {}) as Notification
  const kind = notificationType ?? eventType
  const instant = (text: string | undefined) => parseInstant(text ?? '') ?? nowMs
  if (kind === 'Bounce' && bounce) {
    const { bounceType, timestamp, bouncedRecipients = [] } = bounce
    return bouncedRecipients.flatMap(({ emailAddress: to, diagnosticCode = '' }) => {
      const isFinal = bounceType === 'Permanent' ? 'bounced' : 'delayed'
      return to ? [feedback(isFinal, to, instant(timestamp), diagnosticCode)] : []
    })
  }
  if (kind === 'Complaint' && complaint) {
    const { timestamp, complaintFeedbackType = '', complainedRecipients = [] } = complaint
    return complainedRecipients.flatMap(({ emailAddress: to }) =>
      to ? [feedback('complaint', to, instant(timestamp), complaintFeedbackType)] : [],
    )
  }
  return []
}

function feedback(kind: Feedback['kind'], to: string, atMs: number, why: string): Feedback {
  return { kind, to: oneLine(to, MOST_ADDRESS), atMs, why: oneLine(why, MOST_WHY) }
}

/** Keeps the newest feedback of an address. */
export async function noteFeedback(table: Table, own: Feedback): Promise<void> {
  const key = feedbackKey(own.to)
  const content = {
    data: { format: FEEDBACK_FORMAT, ...own },
    expiresAt: own.atMs + KEPT_DAYS * DAY_MS,
  }
  for (;;) {
    const item = await table.get(key)
    if (item?.data.format === FEEDBACK_FORMAT && (item.data.atMs as number) >= own.atMs) return
    const write = await (item
      ? table.replace(key, item.version, content)
      : table.create(key, content))
    if (write.done) return
  }
}

/** The newest feedback of an address, if there was any lately. */
export async function feedbackOf(table: Table, to: string): Promise<Feedback | undefined> {
  const item = await table.get(feedbackKey(to))
  if (!item) return undefined
  if (item.data.format !== FEEDBACK_FORMAT) throw unknownFormat(item, 'feedback-format')
  const { kind, atMs, why } = item.data as unknown as Feedback
  return { kind, to, atMs, why }
}
