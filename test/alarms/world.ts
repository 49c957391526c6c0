import { pull } from '../../lib/ledger/pull.ts'
import type { Via } from '../../lib/ledger/record.ts'
import { settleFile } from '../../lib/ledger/settle.ts'
import type { Day, Site } from '../../lib/site.ts'
import { memoryTable } from '../../lib/store/memory.ts'
import { Zone } from '../../lib/time.ts'
import { ledgersIn } from '../fixtures/ledgers.ts'
import { portal, SITE, sourceOf } from '../ledger/portal.ts'

/** A site whose alarm files grow, and its ledger. */
export function alarmWorld(changes: Partial<Site> = {}) {
  const site = { ...SITE, timeZone: 'Europe/Berlin', ...changes }
  const placed = { site, zone: new Zone(site.timeZone) }
  const table = memoryTable()
  const files = new Map<Day, string>()
  const newest = new Map<Day, number>()
  return {
    table,
    placed,
    files,
    /** The last sequence of each day's ledger, as far as it was read. */
    newest,
    /** The day's file is now `text`, and is read at `nowMs`. */
    async read(day: Day, text: string, nowMs: number, via: Via = 'round') {
      files.set(day, text)
      const source = sourceOf({ ...portal(), content: Buffer.from(text) })
      const file = { site: site.id, feed: 'alarm' as const, day }
      const pulled = await pull(
        { store: ledgersIn(table), source, clock: { now: () => nowMs } },
        file,
        'path',
        via,
      )
      newest.set(day, pulled.place.sequence)
    },
    /** The day's file is now `text`, and is settled at `nowMs`. */
    async settle(day: Day, text: string, nowMs: number) {
      const source = sourceOf({ ...portal(), content: Buffer.from(text) })
      const ports = { store: ledgersIn(table), source, clock: { now: () => nowMs } }
      const file = { site: site.id, feed: 'alarm' as const, day }
      newest.set(day, (await settleFile(ports, placed, file, 'round')).sequence)
    },
  }
}

/** One line of an alarm file of the site `s1`. */
export function alarmLine(name: string, raised: string, recorded: string, resumed = ''): string {
  return `s1|${name}|node|about ${name}|${raised}|${resumed}|${recorded}\n`
}
