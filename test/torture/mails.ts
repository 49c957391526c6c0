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
 * An alarm comes again only when the end of the send before was not known, and then in a mail of
 * the same Message-ID as long as it stands; `unknown` says how many sends of a cycle ended so.
 */
export function countMails(
  letters: readonly Letter[],
  open: ReadonlyMap<string, ReadonlySet<string>>,
  unknown: ReadonlyMap<number, number>,
): Mailed {
  const mailed: Mailed = { mails: letters.length, extras: 0, wrong: [] }
  const last = new Map<string, Letter>()
  const firstOf = new Map<string, Letter>()
  const extrasOf = new Map<number, number>()
  for (const letter of letters) {
    const before = last.get(letter.messageId)
    last.set(letter.messageId, letter)
    if (before) {
      mailed.extras += 1
      extrasOf.set(before.cycle, (extrasOf.get(before.cycle) ?? 0) + 1)
    }
    // An alarm that was gone from its file when its lost mail was repeated, and came back later.
    const returned = new Set<Letter>()
    for (const alarm of letter.alarms) {
      const key = `${letter.to} ${alarm}`
      const first = firstOf.get(key) ?? letter
      firstOf.set(key, first)
      if (first.messageId === letter.messageId) continue
      if (unknown.get(first.cycle)) returned.add(first)
      else mailed.wrong.push(`${key} was mailed as ${first.messageId} and as ${letter.messageId}`)
    }
    for (const { cycle } of returned) {
      mailed.extras += 1
      extrasOf.set(cycle, (extrasOf.get(cycle) ?? 0) + 1)
    }
  }
  for (const [cycle, extras] of extrasOf) {
    const allowed = unknown.get(cycle) ?? 0
    if (extras <= allowed) continue
    mailed.wrong.push(`${extras} mails of cycle ${cycle} came again, ${allowed} may`)
  }
  for (const [to, alarms] of open) {
    for (const alarm of alarms) {
      if (!firstOf.has(`${to} ${alarm}`)) mailed.wrong.push(`${to} was not mailed about ${alarm}`)
    }
  }
  return mailed
}
