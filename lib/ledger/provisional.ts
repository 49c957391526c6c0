import { type ServiceReading, sameCounts } from '../parse/feeds.ts'
import type { PlacedSite } from './days.ts'
import type { Observed } from './observed.ts'
import { readerOf, readTail } from './rows.ts'
import type { Tally } from './tally.ts'

/**
 * The service counts that stand in a file's unfinished last line, or undefined. They are shown, as
 * provisional: the line is not in the ledger until its newline comes or the day is settled. Once it
 * is settled the line counts; but another one that is read after that is provisional again.
 */
export function provisionalService(
  { site, zone }: PlacedSite,
  observed: Observed | undefined,
  tally?: Tally,
): ServiceReading | undefined {
  if (!observed?.serviceTail) return undefined
  const tail = Buffer.from(observed.serviceTail, 'base64')
  const reading = readTail('service', tail, false, readerOf(site, zone)).readings.at(-1)
  const counts = tally?.proof && reading && sameCounts(reading, tally.service)
  return counts ? undefined : reading
}
