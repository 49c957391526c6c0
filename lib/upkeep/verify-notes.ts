import type { Site } from '../site.ts'
import { bookKey, noticeKey, observedPartition, pagesPartition } from '../store/keys.ts'
import type { Table } from '../store/table.ts'
import { itemIn, itemsIn, removeItem, type Standing } from './standing.ts'

/** What is kept beside ledgers and figures. */
export type NoteKind = 'observed' | 'alarms' | 'pages' | 'notices'

/** An item beside ledgers and figures whose bytes are not those that were written. */
export interface DamagedNote {
  site: string
  what: NoteKind
  /** Its name within the site: a day, mostly. */
  name: string
  hint: string
  /** Set by a repair: it is gone, and what it said is found out anew. */
  repaired?: true
}

const HINTS: Record<NoteKind, string> = {
  observed: 'verify --repair forgets it: the day is read and settled once more.',
  alarms: 'siterounds rebuild makes it anew from the ledger.',
  pages: 'siterounds rebuild makes it anew.',
  notices: 'Nothing else holds what was mailed: restore the state folder from a copy.',
}

/** The damaged items of a site beside ledgers and figures; a repair forgets what was observed. */
export async function damagedNotes(
  table: Table,
  site: Site,
  repair: boolean,
): Promise<DamagedNote[]> {
  const notices = await Promise.all(
    site.recipients.map((recipient) => itemIn(table, noticeKey(recipient, site.id))),
  )
  const all: [NoteKind, (Standing | undefined)[]][] = [
    ['observed', await itemsIn(table, observedPartition(site.id))],
    ['alarms', await itemsIn(table, bookKey(site.id).partition)],
    ['pages', await itemsIn(table, pagesPartition(site.id))],
    ['notices', notices],
  ]
  const found: DamagedNote[] = []
  for (const [what, items] of all) {
    for (const item of items) {
      if (!item?.damage) continue
      const repaired = repair && what === 'observed' && (await removeItem(table, item))
      const note = { site: site.id, what, name: item.sort, hint: HINTS[what] }
      found.push(repaired ? { ...note, repaired } : note)
    }
  }
  return found
}
