import type { Facts } from './check.ts'
import type { History } from './history.ts'
import type { Occurrence } from './oracle-alarms.ts'
import { STANDS_FOR_MINUTES } from './product.ts'
import { linesOf, tailOf } from './served.ts'

const MINUTE_MS = 60_000

/**
 * No mail missed: what stands at the end, and was not read first by a backfill, was mailed to each
 * recipient. None twice: each alarm once to each recipient, and once more at most for every mail
 * whose sender was killed, failed, or was late before it could note that it went out. None too
 * early, and none about an alarm that only a backfill has read. An alarm that expired and is
 * reported anew after the days that are kept may be mailed anew.
 */
export async function checkMails(
  history: History,
  occurrences: ReadonlyMap<string, Occurrence>,
  facts: Facts,
): Promise<string | undefined> {
  const { shared, profile, world } = history
  const { mails } = shared.mails
  const keptMs = (profile.keepDays - 2) * 24 * 60 * MINUTE_MS
  facts.mails += mails.length
  const byAlarm = new Map(
    [...occurrences.values()].map((one) => [`${one.name} ${one.raisedText}`, one]),
  )
  for (const to of profile.recipients) {
    const own = mails.filter((mail) => mail.to === to)
    const settledMs = new Map<string, number>()
    for (const { alarms, settled, atMs, clockMs } of own) {
      for (const alarm of alarms) {
        const before = settledMs.get(alarm)
        if (before && settled && atMs - before < keptMs) return `${to} was told twice of ${alarm}`
        settledMs.set(alarm, settled ? atMs : (before ?? 0))
        const one = byAlarm.get(alarm)
        if (one && Math.abs(clockMs - one.raisedMs) < STANDS_FOR_MINUTES * MINUTE_MS - 5_000) {
          if (world.rates.slow + world.rates.zombie + world.rates.clock === 0) {
            return `${to} was mailed too early about ${alarm}`
          }
        }
      }
    }
    for (const [alarm, one] of byAlarm) {
      if (one.recovered || one.backfilled || settledMs.has(alarm)) continue
      if (!history.openAtLast.has(alarm)) continue
      return `${to} was never mailed about ${alarm}`
    }
  }
  return readByBackfillOnly(history)
}

/** A mail needs a round that has read the alarm before. */
function readByBackfillOnly({ shared }: History): string | undefined {
  const firstMs = new Map<string, number>()
  for (const served of shared.log.served) {
    if (served.worker.purpose === 'backfill' || !served.file.startsWith('alarm ')) continue
    // Settling takes an unfinished last line as well.
    const tail = served.worker.purpose === 'settle' ? [tailOf(served)] : []
    for (const line of [...linesOf(served), ...tail]) {
      const fields = line.split('|')
      const key = `${fields[1]} ${fields[4]}`
      if (!firstMs.has(key)) firstMs.set(key, served.atMs)
    }
  }
  for (const { alarms, worker, atMs } of shared.mails.mails) {
    const unread = alarms.find((alarm) => !(firstMs.get(alarm)! <= atMs))
    if (unread) return `${worker.name} mailed ${unread}, which no round had read`
  }
  return undefined
}
