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

/**
 * The feedback in a notification of SES; none in one that tells of something else. What is not of
 * the form that its documentation gives (“Notification contents”) is left out.
 */
export function feedbackIn(notification: unknown, nowMs: number): Feedback[] {
  const { notificationType, eventType, bounce, complaint } = fieldsOf(notification)
  const kind = notificationType ?? eventType
  if (kind === 'Bounce') {
    const { bounceType, timestamp, bouncedRecipients } = fieldsOf(bounce)
    const isFinal = bounceType === 'Permanent' ? 'bounced' : 'delayed'
    return addressed(bouncedRecipients).map(({ to, diagnosticCode }) =>
      feedback(isFinal, to, instantOf(timestamp, nowMs), diagnosticCode),
    )
  }
  if (kind === 'Complaint') {
    const { timestamp, complaintFeedbackType, complainedRecipients } = fieldsOf(complaint)
    return addressed(complainedRecipients).map(({ to }) =>
      feedback('complaint', to, instantOf(timestamp, nowMs), complaintFeedbackType),
    )
  }
  return []
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

/** Those in a list of recipients that have an address. */
function addressed(recipients: unknown): { to: string; diagnosticCode: unknown }[] {
  const all = Array.isArray(recipients) ? recipients.map(fieldsOf) : []
  return all.flatMap(({ emailAddress, diagnosticCode }) => {
    const to = typeof emailAddress === 'string' ? bareAddress(emailAddress) : ''
    return to ? [{ to, diagnosticCode }] : []
  })
}

/** Without a status report of the other server SES gives what the field To says, with a name. */
function bareAddress(text: string): string {
  return oneLine(/<([^<>]+)>\s*$/.exec(text)?.[1] ?? text, MOST_ADDRESS)
}

/** When it was; one from the future would keep out all that come until then. */
function instantOf(timestamp: unknown, nowMs: number): number {
  const atMs = typeof timestamp === 'string' ? parseInstant(timestamp) : undefined
  return Math.min(atMs ?? nowMs, nowMs)
}

function feedback(kind: Feedback['kind'], to: string, atMs: number, why: unknown): Feedback {
  return { kind, to, atMs, why: typeof why === 'string' ? oneLine(why, MOST_WHY) : '' }
}

/** Servers give an address back in capitals or without, whatever it was sent to. */
function keyOf(to: string) {
  return feedbackKey(to.toLowerCase())
}

/** Keeps the newest feedback of an address. */
export async function noteFeedback(table: Table, own: Feedback): Promise<void> {
  const key = keyOf(own.to)
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
  const item = await table.get(keyOf(to))
  if (!item) return undefined
  if (item.data.format !== FEEDBACK_FORMAT) throw unknownFormat(item, 'feedback-format')
  const { kind, atMs, why } = item.data as unknown as Feedback
  return { kind, to, atMs, why }
}
