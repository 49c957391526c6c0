import { siteDays } from '../../lib/ledger/days.ts'
import { recordsAfter } from '../../lib/ledger/ledger.ts'
import { pull } from '../../lib/ledger/pull.ts'
import { mergedRows, readerOf, replacedRows } from '../../lib/ledger/rows.ts'
import { settleFile } from '../../lib/ledger/settle.ts'
import { ledgerPartition, sequenceKey } from '../../lib/store/keys.ts'
import { memoryTable } from '../../lib/store/memory.ts'
import type { Table } from '../../lib/store/table.ts'
import { type Clock, Zone } from '../../lib/time.ts'
import { ledgersIn } from '../fixtures/ledgers.ts'
import { FILE, portal, SITE, sourceOf } from './portal.ts'

/** The hour in which the day file is settled first. */
export const NOW_MS = Date.parse('2026-11-11T02:00:00+08:00')

/** A day file at a portal, its ledger, and what is done with them. */
export function oneFile(
  changes: Partial<typeof SITE> = {},
  newTable: (clock: Clock) => Table = memoryTable,
) {
  const site = { ...portal(), chunkBytes: 16 }
  const placed = { site: { ...SITE, ...changes }, zone: new Zone(SITE.timeZone) }
  const clock = { nowMs: NOW_MS, now: () => clock.nowMs }
  const store = ledgersIn(newTable(clock))
  const ports = { store, source: sourceOf(site), clock }
  const reader = () => readerOf(placed.site, placed.zone)
  return {
    store,
    site,
    clock,
    placed,
    ports,
    pull: (text: string) => {
      site.content = Buffer.from(text)
      return pull(ports, FILE, 'path', 'round')
    },
    /** Settles the file as it is, or as it is now. */
    settle: (text?: string) => {
      if (text !== undefined) site.content = Buffer.from(text)
      return settleFile(ports, placed, FILE, 'round')
    },
    /** The alarms that count, of the records after a sequence. */
    async names(after = 0) {
      const all = []
      for await (const rows of mergedRows(store, FILE, reader(), after)) {
        all.push(...rows.parsed.readings.map(({ name }) => name))
      }
      return all
    },
    async replaced() {
      const all = await replacedRows(store, FILE, reader())
      return all.flatMap(({ parsed }) => parsed.readings.map(({ name }) => name))
    },
    async tally() {
      return (await siteDays(store.table, SITE.id)).get(FILE.day)?.feeds.alarm
    },
    async records() {
      const all = []
      for await (const record of recordsAfter(store, FILE, 0)) all.push(record)
      return all
    },
    /** Drops records from the table, as their expiry does. */
    drop: (...sequences: number[]) => dropFrom(store.table, sequences),
  }
}

async function dropFrom(table: Table, sequences: number[]): Promise<void> {
  const partition = ledgerPartition(FILE.site, FILE.feed, FILE.day)
  for (const sequence of sequences) {
    const item = await table.get({ partition, sort: sequenceKey(sequence) })
    await table.remove(item!, item!.version)
  }
}

/** One line of the alarm file: `name` stands. */
export const line = (name: string) => `s1|${name}|n|d|2026-11-10 08:00:00||2026-11-10 08:00:00\n`

/** Three of them. */
export const [A, B, C] = [line('A'), line('B'), line('C')]
