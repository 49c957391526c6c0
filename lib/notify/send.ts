import type { DescribedAlarm } from '../alarms/alarm.ts'
import type { TimeLimit } from '../at-once.ts'
import { asRoundsError, RoundsError } from '../errors.ts'
import type { Mailer } from '../mail/mailer.ts'
import type { Chance } from '../random.ts'
import type { Settings, Site } from '../site.ts'
import { noticeKey } from '../store/keys.ts'
import type { Content, Item, Table, Write } from '../store/table.ts'
import { type Clock, DAY_MS } from '../time.ts'
import { type Decision, decide, hasStood, type Judging, type Reason, ripeNextMs } from './due.ts'
import { alarmMessage } from './message.ts'
import { type Claim, LEASE_MS, mailedKey, markedSent, type Notice, readNotice } from './notice.ts'

/** What notifying needs of the world. */
export interface NotifyPorts {
  table: Table
  mailer: Mailer
  chance: Chance
  clock: Clock
}

/** One site with all its open alarms, described in the site's language; and until when to mail. */
export interface NotifyInput extends TimeLimit {
  site: Site
  open: DescribedAlarm[]
  /** Epoch milliseconds at which the alarms are judged. */
  at: number
}

/** One mail that went out. */
export interface SentMail {
  to: string
  /** The site id. */
  group: string
  reason: Reason
  /** How many alarms it was about. */
  alarms: number
}

/** What became of one site. */
export interface NotifyResult {
  sent: SentMail[]
  /** Open alarms that some recipient is not known to have been mailed about. */
  waiting: number
  /** Those of them that have stood long enough: a mail should have gone out by now. */
  overdue: number
  failures: RoundsError[]
  /** True when some recipient was not looked at, for want of time. */
  left: boolean
  /**
   * When a mail may be due while no new line comes: epoch milliseconds, or `Infinity` for never.
   * Undefined when that is not known: then the next round must look again.
   */
  nextMs: number | undefined
}

/**
 * Mails what is due about one site, one mail to each recipient: claim, send, mark as sent. Without
 * time for one more send it ends between two recipients.
 *
 * Twice rather than never: when the end of a send is not known (a kill, a lost answer, a table that
 * failed afterwards), the claim stays, and after its lease the same alarms go out again under the
 * same Message-ID. Of any number of workers at the same time one sends. Only a table
 * in trouble (class `stop`) is thrown: that is no failure of this site.
 */
export async function notifySite(
  ports: NotifyPorts,
  settings: Settings,
  input: NotifyInput,
): Promise<NotifyResult> {
  const sent: SentMail[] = []
  const failures: RoundsError[] = []
  const waiting = new Set<string>()
  const overdue = new Set<string>()
  const { hasTime = () => true } = input
  let left = false
  let nextMs: number | undefined = Number.POSITIVE_INFINITY
  for (const to of new Set(input.site.recipients)) {
    if (!hasTime()) {
      left = true
      nextMs = undefined
      break
    }
    const outcome = await notifyRecipient(ports, settings, input, to)
    if (outcome.sent) sent.push(outcome.sent)
    failures.push(...outcome.failures.map((failure) => about(to, failure)))
    const judging = judgingOf(ports, settings, input)
    for (const alarm of outcome.waiting) {
      waiting.add(mailedKey(alarm))
      // What another worker sends at this moment is told by that one, whatever comes of it.
      if (!outcome.isElsewhere && hasStood(alarm, judging)) overdue.add(mailedKey(alarm))
    }
    nextMs = earlier(nextMs, outcome.nextMs)
    if (outcome.failures.some(mailIsDown)) break
  }
  return { sent, waiting: waiting.size, overdue: overdue.size, failures, left, nextMs }
}

function judgingOf({ clock }: NotifyPorts, { thresholds }: Settings, { at }: NotifyInput): Judging {
  return { at, nowMs: clock.now(), standsForMinutes: thresholds.standsForMinutes }
}

/** The earlier of two times; unknown when one is. */
function earlier(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? undefined : Math.min(one, other)
}

/**
 * True when the next mail would fail like this one: wrong settings, or a server that does not
 * answer. Who has more mails then lets them wait for the next round; servers lock accounts for
 * repeated logins, and three thousand sites would wait for three thousand time-outs.
 */
export function mailIsDown(failure: RoundsError): boolean {
  return failure.class === 'stop' || failure.code === 'mail-connection'
}

/** A failure with the address that it is about: a site may have several. */
function about(to: string, failure: RoundsError): RoundsError {
  const { code, class: errorClass, message, hint } = failure
  return new RoundsError(code, errorClass, `${to}: ${message}`, hint, { cause: failure })
}

interface Outcome {
  sent?: SentMail
  waiting: DescribedAlarm[]
  /** True when another worker is sending to this recipient. */
  isElsewhere?: boolean
  failures: RoundsError[]
  /** As in `NotifyResult`; absent when it is not known. */
  nextMs?: number | undefined
}

async function notifyRecipient(
  ports: NotifyPorts,
  settings: Settings,
  input: NotifyInput,
  to: string,
): Promise<Outcome> {
  const notYetMailed = input.open.filter((alarm) => !alarm.backfilled)
  const nextOf = (waiting: DescribedAlarm[]) =>
    ripeNextMs(waiting, judgingOf(ports, settings, input))
  let claimed: Claimed | undefined
  let decision: Decision
  try {
    const item = await ports.table.get(noticeKey(to, input.site.id))
    const judging = judgingOf(ports, settings, input)
    decision = decide({ open: input.open, notice: readNotice(item), ...judging })
    if (decision.due.length === 0) {
      const { reason, waiting } = decision
      if (reason === 'claimed') return { waiting, isElsewhere: true, failures: [] }
      return { waiting, failures: [], nextMs: nextOf(waiting) }
    }
    claimed = await claim(ports, noticeKey(to, input.site.id), item, decision)
  } catch (thrown) {
    return { waiting: notYetMailed, failures: [tableFailure(thrown)] }
  }
  const unsent = [...decision.waiting, ...decision.due]
  // Another worker was faster: it sends.
  if (!claimed) return { waiting: unsent, isElsewhere: true, failures: [] }

  let refused: string[]
  try {
    const message = alarmMessage({
      site: input.site,
      from: settings.mail.from,
      to,
      due: decision.due,
      mailedBefore: decision.mailedBefore,
      at: input.at,
      sequence: decision.sequence,
      publicUrl: settings.report.publicUrl,
    })
    refused = (await ports.mailer.send(message)).refused
  } catch (thrown) {
    const failure = asRoundsError(thrown)
    // Whoever does not know whether the mail was taken keeps the claim until its lease is over.
    const keep = failure.code === 'mail-unknown' || failure.code === 'unexpected'
    const more = keep ? [] : await failuresOf(() => release(ports, claimed))
    return { waiting: unsent, failures: [failure, ...more] }
  }
  if (refused.length > 0) {
    const more = await failuresOf(() => release(ports, claimed))
    return { waiting: unsent, failures: [refusedError(to), ...more] }
  }
  const keepMs = settings.retention.keepDays * DAY_MS
  const failures = await failuresOf(() => markSent(ports, claimed, input.open, keepMs))
  return {
    sent: { to, group: input.site.id, reason: decision.reason, alarms: decision.due.length },
    waiting: decision.waiting,
    failures,
    ...(failures.length === 0 && { nextMs: nextOf(decision.waiting) }),
  }
}

/** A notice that is ours to send for. */
interface Claimed {
  item: Item
  /** As it stood before, perhaps with a claim whose lease is over. */
  before: Notice
  claim: Claim
}

/** Undefined when another worker has written the notice since it was read. */
async function claim(
  ports: NotifyPorts,
  key: { partition: string; sort: string },
  item: Item | undefined,
  decision: Decision,
): Promise<Claimed | undefined> {
  const claim: Claim = {
    token: ports.chance.token(),
    untilMs: ports.clock.now() + LEASE_MS,
    keys: decision.due.map(mailedKey),
    sequence: decision.sequence,
  }
  const before = readNotice(item)
  const notice: Notice = { ...before, claim }
  const write: Write = item
    ? await ports.table.replace(key, item.version, contentOf(notice))
    : await ports.table.create(key, contentOf(notice))
  return write.done ? { item: write.item, before, claim } : undefined
}

/**
 * Puts the notice back as it was: a claim of which the end was unknown before is as unknown now,
 * and keeps its number. If another worker took over meanwhile, the notice is left to it.
 */
async function release(ports: NotifyPorts, { item, before }: Claimed): Promise<void> {
  await ports.table.replace(item, item.version, contentOf(before))
}

async function markSent(
  ports: NotifyPorts,
  { item, before, claim }: Claimed,
  open: DescribedAlarm[],
  keepMs: number,
): Promise<void> {
  const stillOpen = new Set(open.map(mailedKey))
  const marked = markedSent(before, claim, stillOpen, ports.clock.now(), keepMs)
  await ports.table.replace(item, item.version, contentOf(marked))
}

function contentOf(notice: Notice): Content {
  return { data: { ...notice } }
}

async function failuresOf(act: () => Promise<void>): Promise<RoundsError[]> {
  try {
    await act()
    return []
  } catch (thrown) {
    return [tableFailure(thrown)]
  }
}

/** What the table threw, as a failure of the site; what concerns every site is thrown on. */
function tableFailure(thrown: unknown): RoundsError {
  const failure = asRoundsError(thrown)
  if (failure.class === 'stop') throw failure
  return failure
}

function refusedError(to: string): RoundsError {
  return new RoundsError(
    'mail-refused',
    'skip',
    `The mail server refused the recipient ${to}.`,
    'Correct the recipients of the site.',
  )
}
