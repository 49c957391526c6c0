import PostalMime from 'postal-mime'
import type { Delivery } from './mail-server.ts'

/** A delivered mail, read. */
export interface Letter {
  to: string
  messageId: string
  /** The alarms it names. */
  alarms: Set<string>
  cycle: number
}

const ALARM = /\bX-\d{7}\b/g

/** Reads what was delivered; `from` says how many were read before. */
export async function lettersOf(deliveries: readonly Delivery[], from: number): Promise<Letter[]> {
  return Promise.all(
    deliveries.slice(from).map(async ({ to, raw, cycle }) => {
      const { messageId = '', text = '' } = await PostalMime.parse(raw)
      return { to, messageId, alarms: new Set(text.match(ALARM)), cycle }
    }),
  )
}

/** What the mails come to. */
export interface Mailed {
  mails: number
  /** Mails that said nothing new: sent again because nobody knew whether they had gone out. */
  extras: number
  wrong: string[]
}

/**
 * Counts the mails. `open` holds the alarms that stand, by recipient: each must have been mailed.
 * An alarm comes in mails of one Message-ID only. A mail comes again only when the end of the send
 * before was not known; `unknown` says how many sends of a cycle ended so.
 */
export function countMails(
  letters: readonly Letter[],
  open: ReadonlyMap<string, ReadonlySet<string>>,
  unknown: ReadonlyMap<number, number>,
): Mailed {
  const mailed: Mailed = { mails: letters.length, extras: 0, wrong: [] }
  const last = new Map<string, Letter>()
  const idOf = new Map<string, string>()
  const extrasOf = new Map<number, number>()
  for (const letter of letters) {
    const before = last.get(letter.messageId)
    last.set(letter.messageId, letter)
    if (before) {
      mailed.extras += 1
      extrasOf.set(before.cycle, (extrasOf.get(before.cycle) ?? 0) + 1)
    }
    for (const alarm of letter.alarms) {
      const key = `${letter.to} ${alarm}`
      const known = idOf.get(key) ?? letter.messageId
      idOf.set(key, known)
      if (known !== letter.messageId) {
        mailed.wrong.push(`${key} was mailed as ${known} and as ${letter.messageId}`)
      }
    }
  }
  for (const [cycle, extras] of extrasOf) {
    const allowed = unknown.get(cycle) ?? 0
    if (extras <= allowed) continue
    mailed.wrong.push(`${extras} mails of cycle ${cycle} came again, ${allowed} may`)
  }
  for (const [to, alarms] of open) {
    for (const alarm of alarms) {
      if (!idOf.has(`${to} ${alarm}`)) mailed.wrong.push(`${to} was not mailed about ${alarm}`)
    }
  }
  return mailed
}
