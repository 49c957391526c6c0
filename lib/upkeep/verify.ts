import { chosenSites } from '../chosen-sites.ts'
import { asRoundsError } from '../errors.ts'
import type { Source } from '../fetch/source.ts'
import type { FileFailure } from '../ledger/collect-day.ts'
import { type PlacedSite, placedSite, type SiteDay, siteDays } from '../ledger/days.ts'
import { ledgersOf } from '../ledger/ledger.ts'
import type { DayFile } from '../ledger/record.ts'
import type { Rounds } from '../pipeline.ts'
import { type Day, FEEDS, type Feed } from '../site.ts'
import { daysPartition, ledgerPartition } from '../store/keys.ts'
import type { Table } from '../store/table.ts'
import type { Fault, Finding } from './finding.ts'
import { knownDays } from './rebuild-days.ts'
import { itemIn, itemsIn } from './standing.ts'
import { type FileChecked, verifyFile } from './verify-file.ts'
import { type DamagedNote, damagedNotes } from './verify-notes.ts'
import { parquetFindings } from './verify-parquet.ts'
import { repairFile } from './verify-repair.ts'
import { compareWithSite } from './verify-source.ts'

/** Which day files to verify, and how; what is absent means all, and no more than looking. */
export interface VerifyRequest {
  sites?: readonly string[]
  feeds?: readonly Feed[]
  range?: { from: Day; to: Day }
  /** Read every file at its site once more and compare it. */
  source?: boolean
  /** Put right what another copy proves. */
  repair?: boolean
  /** Called after each day of each site. */
  onDay?(done: number, of: number): void
}

/** What verifying found. */
export interface Verified {
  /** Day files that have a ledger, those of them that are settled, and their records. */
  files: number
  settled: number
  records: number
  /** Parquet files that were compared. */
  parquet: number
  /** With `source`: files that their site has no more. */
  gone: number
  findings: Finding[]
  /** Damaged items beside ledgers and figures. */
  notes: DamagedNote[]
  /** Files that could not be read at their sites, or whose state could not be read. */
  failures: FileFailure[]
}

/**
 * Checks settled days, and all others as far as they can be checked: that close records prove
 * themselves, that archives are as they were written, that the table's records equal them and make
 * one ledger without a hole, that the newest generation is the proved file to the byte, and that
 * all counts come out again; and that the Parquet files are as they were written. What is wrong is
 * told with line and side; nothing is changed but by `repair`.
 */
export async function verify(rounds: Rounds, request: VerifyRequest = {}): Promise<Verified> {
  const verified: Verified = {
    ...{ files: 0, settled: 0, records: 0, parquet: 0, gone: 0 },
    ...{ findings: [], notes: [], failures: [] },
  }
  const work: Work = []
  for (const site of chosenSites(rounds.settings, request.sites)) {
    verified.notes.push(...(await damagedNotes(rounds.table, site, request.repair ?? false)))
    const placed = placedSite(site)
    const { from, to } = request.range ?? {}
    const days = await knownDays(rounds.table, site.id)
    const wanted = days.filter((day) => (!from || day >= from) && (!to || day <= to))
    work.push({ placed, days: wanted })
  }
  const of = work.reduce((sum, { days }) => sum + days.length, 0)
  let done = 0
  for (const { placed, days } of work) {
    const source = request.source ? rounds.openSource(placed.site) : undefined
    try {
      for (const day of days) {
        await verifyDay(rounds, placed, day, source, request, verified)
        done += 1
        request.onDay?.(done, of)
      }
    } finally {
      await source?.close()
    }
  }
  await verifyParquet(rounds, work, request, verified)
  return verified
}

/** Sites to verify, each with its days. */
type Work = { placed: PlacedSite; days: Day[] }[]

async function verifyParquet(
  rounds: Rounds,
  work: Work,
  request: VerifyRequest,
  verified: Verified,
): Promise<void> {
  const store = ledgersOf(rounds)
  const fleet = rounds.settings.sites.map(placedSite)
  const chosen = new Set(work.map(({ placed }) => placed.site.id))
  const days = new Set(work.flatMap((one) => one.days))
  for (const day of [...days].sort()) {
    for (const feed of feedsAsked(request)) {
      const site = work.find((one) => one.days.includes(day))!.placed.site.id
      await noting(verified, { site, feed, day }, async () => {
        const { files, findings } = await parquetFindings(store, fleet, chosen, feed, day)
        verified.parquet += files
        verified.findings.push(...findings)
      })
    }
  }
}

/** Runs a check; what made it impossible is noted as a failure, unless it is of class `stop`. */
async function noting(verified: Verified, file: DayFile, check: () => Promise<void>) {
  try {
    await check()
  } catch (thrown) {
    const error = asRoundsError(thrown)
    if (error.class === 'stop') throw error
    verified.failures.push({ ...file, error })
  }
}

function feedsAsked({ feeds }: VerifyRequest): Feed[] {
  return FEEDS.filter((feed) => !feeds?.length || feeds.includes(feed))
}

async function verifyDay(
  rounds: Rounds,
  placed: PlacedSite,
  day: Day,
  source: Source | undefined,
  request: VerifyRequest,
  verified: Verified,
): Promise<void> {
  for (const feed of feedsAsked(request)) {
    const file = { site: placed.site.id, feed, day }
    await noting(verified, file, async () => {
      const checked = await checkSteady(rounds, placed, file)
      if (!checked) return
      verified.files += 1
      verified.settled += checked.read.close ? 1 : 0
      verified.records += checked.records.length
      const faults = request.repair ? await repaired(rounds, placed, file, checked) : checked.faults
      verified.findings.push(...faults.map((fault) => ({ ...file, ...fault })))
      if (!source || faults.length > 0) return
      const { atSite, fault } = await compareWithSite(source, placed, file, checked.records)
      verified.gone += atSite === 'gone' ? 1 : 0
      if (fault) verified.findings.push({ ...file, ...fault })
    })
  }
}

/** How often a file is looked at again because others wrote it meanwhile. */
const LOOKS = 3

/** Verifies a file that others may be writing: what changed meanwhile is no fault. */
async function checkSteady(
  rounds: Rounds,
  placed: PlacedSite,
  file: DayFile,
): Promise<FileChecked | undefined> {
  let before: string | undefined
  for (let looks = 1; ; looks += 1) {
    const tally = (await dayIn(rounds.table, file))?.feeds[file.feed]
    const checked = await verifyFile(ledgersOf(rounds), placed, file, tally)
    if (!checked || checked.faults.length === 0 || looks === LOOKS) return checked
    const now = await versionsOf(rounds.table, file)
    if (now === before) return checked
    before = now
  }
}

async function versionsOf(table: Table, { site, feed, day }: DayFile): Promise<string> {
  const records = await itemsIn(table, ledgerPartition(site, feed, day))
  const ofDay = await itemIn(table, { partition: daysPartition(site), sort: day })
  return [...records, ofDay].map((item) => item?.version).join(' ')
}

/** The figures of a day; those of a damaged item are as good as none: `figures-differ` says so. */
async function dayIn(table: Table, { site, day }: DayFile): Promise<SiteDay | undefined> {
  const item = await itemIn(table, { partition: daysPartition(site), sort: day })
  if (item?.damage) return undefined
  return (await siteDays(table, site, { from: day, to: day })).get(day)
}

/** Repairs a file and verifies it again: the faults that were there, and those that are still. */
async function repaired(
  rounds: Rounds,
  placed: PlacedSite,
  file: DayFile,
  checked: FileChecked,
): Promise<Fault[]> {
  const store = ledgersOf(rounds)
  if ((await repairFile(store, file, checked)) === 0) return checked.faults
  const again = await checkSteady(rounds, placed, file)
  const left = again?.faults ?? []
  const isLeft = (fault: Fault) =>
    left.some(({ code, path, record }) => {
      return code === fault.code && path === fault.path && record === fault.record
    })
  const gone = checked.faults.filter((fault) => !isLeft(fault))
  return [...gone.map((fault) => ({ ...fault, repaired: true as const })), ...left]
}
