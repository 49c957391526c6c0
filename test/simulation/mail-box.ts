import { RoundsError } from '../../lib/errors.ts'
import type { Mailer, Message } from '../../lib/mail/mailer.ts'
import { LEASE_MS } from '../../lib/notify/notice.ts'
import type { Key } from '../../lib/store/table.ts'
import type { Worker } from './worker.ts'

/** A mail that the mail server took. */
export interface Mail {
  worker: Worker
  to: string
  atMs: number
  /** What the sender's clock said. */
  clockMs: number
  /** `<name> <raise time>` of each alarm in it. */
  alarms: string[]
  /**
   * True when its sender noted that it went out, without a fault and within its lease: then it
   * excuses no second mail about the same alarms.
   */
  settled: boolean
}

/** All mails of a history. */
export class MailBox {
  readonly mails: Mail[] = []

  /**
   * A worker writes a notice: the first time it claims, the next time it notes what became of its
   * mail. The answer is called when the write is known to be done.
   */
  onNotice(worker: Worker, key: Key): () => void {
    const mail = this.mails.findLast((one) => one.worker === worker && !one.settled)
    const to = mail && `notices#${encodeURIComponent(mail.to)}`
    if (!mail || to !== key.partition) {
      worker.claimClockMs = worker.clock.now()
      worker.claimTrueMs = worker.world.time.nowMs
      return () => {}
    }
    return () => {
      const latest = worker.world.latestClock(worker.claimTrueMs)
      mail.settled = latest < worker.claimClockMs + LEASE_MS
    }
  }
}

/** The mail server as one worker has it. */
export function mailerOf(box: MailBox, worker: Worker): Mailer {
  return {
    async send(message) {
      const fault = worker.dice.chance(worker.world.now.mail)
        ? worker.dice.pick(['later', 'down', 'unknown', 'taken-unknown', 'refused'] as const)
        : undefined
      if (fault) worker.met(`mail ${fault}`)
      const taken = fault === undefined || fault === 'taken-unknown'
      await worker.step('mail', () => {
        if (taken) box.mails.push(taken_(worker, message))
      })
      if (fault === 'later') throw new RoundsError('mail-later', 'retry', 'Come again later.')
      if (fault === 'down') throw new RoundsError('mail-connection', 'retry', 'No answer.')
      if (fault === 'unknown' || fault === 'taken-unknown') {
        throw new RoundsError('mail-unknown', 'retry', 'Nobody knows whether it was taken.')
      }
      return { messageId: message.id, refused: fault === 'refused' ? message.to : [] }
    },
    async close() {},
  }
}

/** Names and raise times as the text of the mail lists them. */
function taken_(worker: Worker, { to, text }: Message): Mail {
  const alarms = [...text.matchAll(/^\[[^\]]*\] (\S+)\n(?: {2}.*\n)*? {2}.*(.{19})\n$/gm)].map(
    ([, name, raised]) => `${name} ${raised}`,
  )
  if (alarms.length === 0) throw new Error(`a mail without alarms:\n${text}`)
  const { world } = worker
  world.say(() => `  ${worker.name}: mails ${to[0]}: ${alarms.join(', ')}`)
  return {
    worker,
    to: to[0]!,
    atMs: world.time.nowMs,
    clockMs: worker.clock.now(),
    alarms,
    settled: false,
  }
}
