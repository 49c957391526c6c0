import { type LedgerStore, type Place, recordsAfter, segmentsUpTo } from './ledger.ts'
import { type DayFile, isClose } from './record.ts'
import { rebuilt } from './rows.ts'

/**
 * The bytes of the newest generation that the ledger holds up to `place`, from its beginning, one
 * piece a record. A day of one generation goes through the memory piece by piece; one of several
 * is read whole, because its records refer to one another.
 */
export async function* heldBytes(
  store: LedgerStore,
  file: DayFile,
  { generation, end, mixed, sequence }: Place,
): AsyncGenerator<Buffer> {
  if (end === 0) return
  if (mixed) {
    const segments = await segmentsUpTo(store, file, sequence)
    const bySequence = new Map(segments.map((record) => [record.sequence, record]))
    for (const record of segments) {
      const own = record.generation === generation && !record.aside && record.end > record.start
      if (own && record.start < end) yield rebuilt(record, bySequence)
    }
    return
  }
  for await (const record of recordsAfter(store, file, 0)) {
    if (isClose(record) || record.body.length === 0) continue
    yield rebuilt(record, new Map())
    if (record.end >= end) return
  }
}
