import type { PlacedSite } from '../ledger/days.ts'
import type { LedgerStore } from '../ledger/ledger.ts'
import { mergedRows, type Rows, readerOf, replacedRows } from '../ledger/rows.ts'
import type { Day } from '../site.ts'
import { type Occurrence, observedOnce } from './occurrence.ts'

/** The rows of a site's alarm file of one day as they count now, under merge or replace. */
export async function* alarmRows(
  store: LedgerStore,
  { site, zone }: PlacedSite,
  day: Day,
  reader = readerOf(site, zone),
): AsyncGenerator<Rows<'alarm'>> {
  const file = { site: site.id, feed: 'alarm' as const, day }
  if (site.onRewrite === 'replace') yield* await replacedRows(store, file, reader)
  else yield* mergedRows(store, file, reader, 0)
}

/** Every observation of alarms in the ledger of these days. */
export async function observationsOf(
  store: LedgerStore,
  placed: PlacedSite,
  days: Iterable<Day>,
): Promise<Occurrence[]> {
  const observations: Occurrence[] = []
  for (const day of days) {
    for await (const { record, parsed } of alarmRows(store, placed, day)) {
      for (const reading of parsed.readings) observations.push(observedOnce(reading, record, day))
    }
  }
  return observations
}
