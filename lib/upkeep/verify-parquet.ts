import type { PlacedSite } from '../ledger/days.ts'
import type { LedgerStore } from '../ledger/ledger.ts'
import { countOfParts, parquetPath, partAmong } from '../ledger/parquet-parts.ts'
import { sha256 } from '../ledger/record.ts'
import type { Day, Feed } from '../site.ts'
import { parquetPartition } from '../store/keys.ts'
import type { Fault, Finding } from './finding.ts'
import { itemIn, itemsIn } from './standing.ts'

/** How often a file is looked at again because another worker wrote it meanwhile. */
const LOOKS = 3

const HINT = 'It is computed: siterounds rebuild writes it anew.'

/**
 * Compares the Parquet files of a feed's day that hold one of the `chosen` sites with what was
 * noted when they were written. A finding names the first of these sites.
 */
export async function parquetFindings(
  store: LedgerStore,
  fleet: readonly PlacedSite[],
  chosen: ReadonlySet<string>,
  feed: Feed,
  day: Day,
): Promise<{ files: number; findings: Finding[] }> {
  const findings: Finding[] = []
  let files = 0
  const members = fleet.filter((placed) => placed.site.feeds[feed])
  const ids = members.map(({ site }) => site.id).filter((id) => chosen.has(id))
  // A day keeps the parts that the fleet had when it was exported.
  const notes = await itemsIn(store.table, parquetPartition(feed, day))
  const counts = new Set(notes.map(({ sort }) => countOfParts(sort)))
  const firsts = new Map<string, string>()
  for (const count of counts) {
    for (const id of ids.toSorted().toReversed()) firsts.set(partAmong(id, count), id)
  }
  for (const { sort: part } of notes) {
    const site = firsts.get(part)
    if (site === undefined) continue
    const { noted, fault } = await checkPart(store, feed, day, part)
    if (noted) files += 1
    if (fault) findings.push({ site, feed, day, ...fault })
  }
  return { files, findings }
}

async function checkPart(
  { table, archive }: LedgerStore,
  feed: Feed,
  day: Day,
  part: string,
): Promise<{ noted: boolean; fault?: Fault }> {
  const key = { partition: parquetPartition(feed, day), sort: part }
  const path = parquetPath(feed, day, part)
  const about = { side: 'archive' as const, path, hint: HINT }
  for (let looks = 1; looks <= LOOKS; looks += 1) {
    const note = await itemIn(table, key)
    if (note?.damage) {
      const message = `What is noted of ${path} is damaged.`
      return { noted: true, fault: { ...about, side: 'figures', code: 'note-damaged', message } }
    }
    // Without a digest it is being written, or is written again with the next settling.
    if (typeof note?.data.sha256 !== 'string') return { noted: false }
    const bytes = await archive.get(path)
    if (bytes && sha256(bytes) === note.data.sha256) return { noted: true }
    if ((await itemIn(table, key))?.version !== note.version) continue
    if (bytes) {
      const message = `${path} is not as it was written.`
      return { noted: true, fault: { ...about, code: 'parquet-damaged', message } }
    }
    const message = `${path} is gone.`
    return { noted: true, fault: { ...about, code: 'parquet-missing', message } }
  }
  return { noted: false }
}
