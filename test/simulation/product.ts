import { bookOf } from '../../lib/alarms/book.ts'
import { siteDays } from '../../lib/ledger/days.ts'
import { ledgersOf, recordsAfter } from '../../lib/ledger/ledger.ts'
import {
  type CloseRecord,
  type DayFile,
  isClose,
  type SegmentRecord,
  type Via,
} from '../../lib/ledger/record.ts'
import { rebuilt } from '../../lib/ledger/rows.ts'
import { silentLog } from '../../lib/log.ts'
import { collect, notify, openAlarms, type Rounds, settle } from '../../lib/pipeline.ts'
import type { Feed, Settings, Site } from '../../lib/site.ts'
import { rebuild } from '../../lib/upkeep/rebuild.ts'
import { verify } from '../../lib/upkeep/verify.ts'
import { type MailBox, mailerOf } from './mail-box.ts'
import type { SiteFiles } from './site-files.ts'
import { objectsOf, type Stores, tableOf } from './stores.ts'
import { type Log, sourceOf } from './web-server.ts'
import type { Worker } from './worker.ts'

/*
 * The product as the simulation uses it: the only file here that knows how the parts of lib/ are
 * called.
 */

/** What the workers of a history share. */
export interface Shared {
  settings: Settings
  stores: Stores
  files: SiteFiles
  log: Log
  mails: MailBox
  /** Rounds leave what is computed of the running day to others: see `Rounds`. */
  foldLater: boolean
}

export const SITE_ID = 's1'
export const STANDS_FOR_MINUTES = 15
export const EXPIRE_AFTER_DAYS = 2
export const SETTLE_AFTER_DAYS = 2

export function settingsOf(
  timeZone: string,
  feeds: readonly string[],
  keepDays: number,
  onRewrite: Site['onRewrite'],
  recipients: string[],
): Settings {
  const site: Site = {
    id: SITE_ID,
    name: 'Site one',
    timeZone,
    language: 'en',
    source: { kind: 'directory', path: 'none', maxFileBytes: 1e9 },
    siteIds: [SITE_ID],
    feeds: Object.fromEntries(feeds.map((feed) => [feed, { path: `${feed} {day}` }])),
    serviceCountsOf: 'fileDay',
    units: 'bytes',
    onRewrite,
    recipients,
  }
  return {
    state: 'none',
    sites: [site],
    thresholds: {
      cpuPercent: 90,
      memoryPercent: 90,
      diskPercent: 90,
      standsForMinutes: STANDS_FOR_MINUTES,
      expireAfterDays: EXPIRE_AFTER_DAYS,
      gapMinutes: 30,
    },
    mail: { kind: 'outbox', from: 'rounds@example.org' },
    report: { title: 'Rounds', languages: ['en'], todayEveryMinutes: 15 },
    retention: { keepDays, settleAfterDays: SETTLE_AFTER_DAYS },
    schedule: { everyMinutes: 5, sitesAtOnce: 2 },
    serve: { port: 0 },
  }
}

function roundsOf(shared: Shared, worker: Worker): Rounds {
  let tokens = 0
  return {
    settings: shared.settings,
    table: tableOf(shared.stores, worker, shared.mails),
    archive: objectsOf(shared.stores, worker),
    pages: objectsOf(shared.stores, worker),
    mailer: mailerOf(shared.mails, worker),
    openSource: () => sourceOf(shared.files, shared.log, worker),
    dictionary: new Map(),
    clock: worker.clock,
    foldLater: shared.foldLater,
    chance: {
      fraction: () => worker.dice.fraction(),
      token: () => {
        tokens += 1
        return `${worker.name}-${tokens}`
      },
    },
    log: silentLog,
  }
}

/** What `verify` finds of all that is kept. */
export async function verifyRun(shared: Shared, worker: Worker): Promise<unknown[]> {
  const { findings, failures } = await verify(roundsOf(shared, worker))
  return [...findings, ...failures]
}

/** Computes everything anew; gives what could not be. */
export async function rebuildRun(shared: Shared, worker: Worker): Promise<unknown[]> {
  return (await rebuild(roundsOf(shared, worker))).failures
}

/** What a collect did: the files it failed for with codes, and how many got new lines. */
export interface Ran {
  failures: { file: string; code: string; message: string }[]
  added: number
}

/** The same of a round, and the sites about which a mail may be due. */
interface RoundRan extends Ran {
  mail: string[]
}

export async function collectRun(
  shared: Shared,
  worker: Worker,
  request: { range?: { from: string; to: string }; paced?: boolean },
): Promise<RoundRan> {
  const via = worker.purpose === 'backfill' ? 'backfill' : 'round'
  const ran = await collect(roundsOf(shared, worker), { via, ...request })
  return {
    failures: ran.failures.map(({ feed, day, error }) => ({
      file: `${feed} ${day}`,
      code: error.code,
      message: error.message,
    })),
    added: ran.files.length,
    mail: ran.mail,
  }
}

/** Settles what is due; `added` counts the files that got new lines or a new close record. */
export async function settleRun(shared: Shared, worker: Worker, paced: boolean): Promise<Ran> {
  const ran = await settle(roundsOf(shared, worker), { paced })
  return {
    failures: ran.failures.map(({ feed, day, error }) => ({
      file: `${feed} ${day}`,
      code: error.code,
      message: error.message,
    })),
    added: ran.closed.filter(({ unchanged }) => !unchanged).length,
  }
}

/** Mails what is due behind a collect. */
export async function notifyRun(shared: Shared, worker: Worker, behind: RoundRan): Promise<number> {
  return (await notify(roundsOf(shared, worker), { behind })).sent.length
}

/** The alarms that stand, as the product tells them. */
export async function standing(shared: Shared, worker: Worker, atMs: number) {
  return openAlarms(roundsOf(shared, worker), shared.settings.sites[0]!, atMs)
}

/** One line that the ledger holds, and how it came there. */
export interface Row {
  line: string
  readAtMs: number
  via: Via
  /** The same of the record before: times of reading never go back along a ledger. */
  beforeMs: number
}

/** What the ledger of a file holds. */
export interface Ledger {
  segments: SegmentRecord[]
  /** How many records there are, close records as well, and when each was read. */
  records: number
  readAtMs: number[]
  /** The newest record, when it closes the file. */
  close: CloseRecord | undefined
}

/** The whole ledger of a file, read as the product reads it: from table and archive. */
export async function ledgerOf(shared: Shared, worker: Worker, file: string): Promise<Ledger> {
  const [feed, day] = file.split(' ') as [Feed, string]
  const dayFile: DayFile = { site: SITE_ID, feed, day }
  const ledger: Ledger = { segments: [], records: 0, readAtMs: [], close: undefined }
  for await (const record of recordsAfter(ledgersOf(roundsOf(shared, worker)), dayFile, 0)) {
    ledger.records += 1
    if (record.sequence !== ledger.records) throw new Error(`${file} lacks ${ledger.records}`)
    ledger.close = isClose(record) ? record : undefined
    ledger.readAtMs.push(isClose(record) ? record.proof.readAtMs : record.readAtMs)
    if (!isClose(record)) ledger.segments.push(record)
  }
  return ledger
}

/** The lines that segments store, in order; every line here is far shorter than 64 KiB. */
export function rowsOf(ledger: Ledger): Row[] {
  return ledger.segments.flatMap(({ sequence, body, readAtMs, via }) => {
    const beforeMs = ledger.readAtMs[sequence - 2] ?? 0
    return storedLines(body).map((line) => ({ line, readAtMs, via, beforeMs }))
  })
}

function storedLines(body: Uint8Array): string[] {
  return Buffer.from(body).toString('latin1').split('\n').slice(0, -1)
}

export async function talliesOf(shared: Shared) {
  return siteDays(shared.stores.table, SITE_ID)
}

export async function bookNow(shared: Shared) {
  return bookOf(shared.stores.table, SITE_ID)
}

/**
 * The lines that count under `replace`: those of the generation that the file is, when that was
 * proved last of all, else of the newest finished one.
 */
export function replacedRowsOf({ segments: records, close }: Ledger): Row[] {
  const own = records.filter((record) => !record.aside)
  const proved = close?.proof.compared ? close : undefined
  const finished = proved ?? own.findLast((record) => record.until === record.end) ?? own[0]
  const bySequence = new Map(records.map((record) => [record.sequence, record]))
  return own
    .filter(({ generation }) => generation === finished?.generation)
    .flatMap((record) => {
      const { readAtMs, via } = record
      const lines = storedLines(rebuilt(record, bySequence))
      return lines.map((line) => ({ line, readAtMs, via, beforeMs: 0 }))
    })
}

/** The unfinished line of a close record, which counts as a row while that is the newest. */
export function tailOf({ tail, proof, via }: CloseRecord): Row {
  const line = Buffer.from(tail).toString('latin1')
  return { line, readAtMs: proof.readAtMs, via, beforeMs: 0 }
}

/** What is wrong with the segments of a ledger, if anything is: generations, ends, counts. */
export function misshapen(records: readonly SegmentRecord[]): string | undefined {
  const bySequence = new Map(records.map((record) => [record.sequence, record]))
  const ends = new Map<number, number>()
  let rows = 0
  let generation = 0
  for (const record of records) {
    const name = `record ${record.sequence}`
    rows += storedLines(record.body).length
    if (record.rows !== rows) return `${name} says ${record.rows} rows, it is ${rows}`
    const bytes = rebuilt(record, bySequence)
    if (record.aside) continue
    if (record.generation < generation) return `${name} goes back to an older generation`
    generation = record.generation
    const end = ends.get(generation) ?? 0
    if (record.start !== end) return `${name} starts at ${record.start}, not at ${end}`
    if (record.end !== end + bytes.length) return `${name} ends at ${record.end} wrongly`
    ends.set(generation, record.end)
  }
  return undefined
}
