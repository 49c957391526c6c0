import type { PlacedSite } from '../ledger/days.ts'
import type { LedgerStore } from '../ledger/ledger.ts'
import { mergedRows, type Rows, readerOf, replacedRows } from '../ledger/rows.ts'
import type { SystemReading } from '../parse/feeds.ts'
import type { Day } from '../site.ts'

/**
 * Samples of processors and memory that a page is made from at most: ten times those of 20 servers
 * with a sample every five minutes. Of a file with more, every second one, fourth one and so on is
 * taken, so that a file of any size makes a page in the same memory.
 */
const MOST_SAMPLES = 400_000

/** The system readings of a day for its page; see `thinned`. */
export async function systemRows(
  store: LedgerStore,
  { site, zone }: PlacedSite,
  day: Day,
): Promise<SystemReading[]> {
  const file = { site: site.id, feed: 'system' as const, day }
  const reader = readerOf(site, zone)
  const thin = thinned(MOST_SAMPLES)
  const take = ({ parsed }: Rows<'system'>) => {
    for (const reading of parsed.readings) thin.take(reading)
  }
  if (site.onRewrite === 'replace') (await replacedRows(store, file, reader)).forEach(take)
  else for await (const rows of mergedRows(store, file, reader, 0)) take(rows)
  return thin.readings()
}

/**
 * Takes readings one by one and keeps a bounded number: of processors and memory an even choice of
 * at most `most`, of everything else the newest of each server, mount and node.
 */
export function thinned(most: number): {
  take(reading: SystemReading): void
  readings(): SystemReading[]
} {
  let samples: SystemReading[] = []
  const newest = new Map<string, SystemReading>()
  let stride = 1
  let seen = 0
  return {
    take(reading) {
      if (reading.type !== 'cpu' && reading.type !== 'mem') {
        const key = JSON.stringify([reading.server, reading.type, partOf(reading)])
        const known = newest.get(key)
        if (!known || known.recorded.ms <= reading.recorded.ms) newest.set(key, reading)
        return
      }
      if (seen++ % stride === 0) samples.push(reading)
      if (samples.length <= most) return
      samples = samples.filter((_, index) => index % 2 === 0)
      stride *= 2
    },
    readings: () => [...samples, ...newest.values()],
  }
}

function partOf(reading: SystemReading): string {
  if (reading.type === 'disk') return reading.mount
  return reading.type === 'node' ? reading.node : ''
}
