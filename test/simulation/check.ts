import { createHash } from 'node:crypto'
import { checkAlarms } from './check-alarms.ts'
import { checkMails } from './check-mails.ts'
import type { History, Run } from './history.ts'
import { meaningOf, type Occurrence } from './oracle-alarms.ts'
import { counted, expectedRows, isWithin, type Judged, judgeRows, shown } from './oracle-rows.ts'
import {
  type Ledger,
  ledgerOf,
  misshapen,
  type Row,
  replacedRowsOf,
  rowsOf,
  SETTLE_AFTER_DAYS,
  tailOf,
  talliesOf,
} from './product.ts'
import { contentOf, linesOf, type Served, wholeLines } from './served.ts'
import { OVERLAP_BYTES } from './web-server.ts'
import { Worker } from './worker.ts'
import { dayAfter, dayStart, wallDay } from './zones.ts'

const DAY_MS = 86_400_000

/** A day is settled two hours after its end; the last settling is an hour and some minutes ago. */
const SETTLED_AFTER_MS = 3.5 * 3_600_000

/** What was compared, and how sharply; for the summary. */
export interface Facts {
  files: number
  rows: number
  /** Files whose rows were compared one by one: order, time and manner of reading as well. */
  inOrder: number
  /** Files some of whose answers were uncertain. */
  uncertain: number
  open: number
  mails: number
  /** Alarms of which it could not be told whether they had expired. */
  unclearExpiry: number
}

/** Before anything was compared. */
export function noFacts(): Facts {
  return {
    ...{ files: 0, rows: 0, inOrder: 0, uncertain: 0 },
    ...{ open: 0, mails: 0, unclearExpiry: 0 },
  }
}

/** Failures that a pull has after it has kept all that its earlier answers held. */
const OF_THE_SITE = new Set([
  'cut-body',
  'bad-range',
  'http-status',
  'unexpected-304',
  'connection',
  'encoded-body',
  'not-a-data-file',
  'nothing-found',
  'too-many-writers',
])

/** Compares all that the product has come to with the oracle; gives the first difference. */
export async function check(history: History, facts: Facts): Promise<string | undefined> {
  const { shared, zone, profile } = history
  const runOf = new Map(history.runs.map((run) => [run.worker, run]))
  const reader = new Worker(history.world, 'checker', 'round')
  const tallies = await talliesOf(shared)
  const occurrences = new Map<string, Occurrence>()
  const keepFrom = dayAfter(history.today, -profile.keepDays)
  for (const file of filesOf(history)) {
    const [feed, day] = file.split(' ') as [string, string]
    const ledger = await ledgerOf(shared, reader, file)
    const { segments, records, close } = ledger
    const wrongShape = misshapen(segments)
    if (wrongShape) return `${file}: ${wrongShape}`
    const rows = rowsOf(ledger)
    const answers = judged(history, file, runOf)
    const lines = rows.map(({ line }) => line)
    const verdict = judgeRows(lines, answers)
    facts.files += 1
    facts.rows += rows.length
    if (verdict.uncertain > 0) facts.uncertain += 1
    const wrong =
      verdict.wrong ??
      unexplained(rows, answers) ??
      outOfOrder(rows, answers, readersOf(history, file, runOf), facts)
    if (wrong) return `${file}: ${wrong}`
    const missing = notReadAtLast(history, file, rows)
    if (missing) return `${file}: ${missing}`
    const counting = profile.onRewrite === 'merge' ? rows : replacedRowsOf(ledger)
    const isRow = close?.tailHeld && profile.onRewrite === 'merge'
    if (close?.tail.length && !isRow) counting.push(tailOf(close))
    const into = day >= keepFrom ? occurrences : new Map()
    const unproved = unprovedBy(history, file, ledger, lines)
    if (unproved) return `${file}: ${unproved}`
    const classes = meaningOf(feed, counting, zone, into)
    const tally = tallies.get(day)?.feeds[feed as 'alarm']
    if (records === 0) continue
    if (tally?.sequence !== records) {
      return `${file}: computed up to record ${tally?.sequence} of ${records}`
    }
    for (const [name, count] of Object.entries(classes)) {
      const told = tally[name as keyof typeof classes]
      if (told !== count) return `${file}: ${told} ${name} are told, it is ${count}`
      const proved = close?.proof[name as keyof typeof classes] ?? count
      if (proved !== count) return `${file}: ${proved} ${name} are proved, it is ${count}`
    }
  }
  return (
    (await checkAlarms(history, occurrences, runOf, facts)) ??
    checkMails(history, occurrences, facts)
  )
}

/** Every file that anybody has ever got an answer about. */
function filesOf({ shared }: History): string[] {
  return [...new Set(shared.log.served.map(({ file }) => file))].sort()
}

function judged(history: History, file: string, runOf: Map<unknown, Run>): Judged[] {
  let farthest = 0
  return history.shared.log.served
    .filter((served) => served.file === file)
    .flatMap((served) => {
      const end = contentOf(served).length
      const reachesOn = end >= farthest
      farthest = Math.max(farthest, end)
      if (served.givenUp) return []
      return { served, certain: isCertain(served, reachesOn, runOf.get(served.worker)!) }
    })
}

/** Whether the pull that got this answer kept it: see oracle-rows.ts. */
function isCertain({ file, state, glance }: Served, reachesOn: boolean, { ran }: Run): boolean {
  // A site that goes down is left: a file that looked otherwise before is then not read any more.
  if (glance && ran && ran.failures.length > 0) return false
  const failures = ran?.failures.filter((failure) => failure.file === file)
  if (!failures?.every(({ code }) => OF_THE_SITE.has(code))) return false
  // What breaks off before the place up to which the ledger holds the file proves nothing.
  return state === 'ended' || (state === 'broken' && reachesOn)
}

/** What a close record says of the file must be so, and a past day must have one. */
function unprovedBy(
  { shared, zone, world }: History,
  file: string,
  { close, records }: Ledger,
  rows: string[],
): string | undefined {
  if (!close) {
    const dueMs = dayStart(zone, dayAfter(file.split(' ')[1]!, 1)) + SETTLED_AFTER_MS
    return records > 0 && world.time.nowMs > dueMs ? 'is not closed' : undefined
  }
  const { readAtMs, compared, bytes, sha256 } = close.proof
  if (!compared) return undefined
  const contents = shared.log.served
    .filter((one) => one.file === file && one.worker.purpose === 'settle')
    .filter((one) => one.readAtMs <= readAtMs)
    .map(contentOf)
  const digest = (content: Buffer) => createHash('sha256').update(content).digest('hex')
  const content = contents.find((one) => one.length === bytes && digest(one) === sha256)
  if (!content) return `proves ${bytes} bytes that no settling has read`
  const tail = content.subarray(content.lastIndexOf(10) + 1)
  if (!tail.equals(close.tail)) return 'has another unfinished line than the file'
  // As a whole line it would be the file's n-th such line; another generation may have so many.
  const same = (lines: string[]) => lines.filter((line) => line === tail.toString('latin1')).length
  const isHeld = tail.length > 0 && same(rows) > same(wholeLines(content))
  return isHeld === (close.tailHeld ?? false) ? undefined : `says ${!isHeld} that its tail is held`
}

/**
 * Each row must say when and how it was read, and just so an answer with that line was read; or it
 * was read before the record that stands before it, and says the time of that.
 */
function unexplained(rows: readonly Row[], answers: readonly Judged[]): string | undefined {
  const known = new Map<string, number[]>()
  for (const { served } of answers) {
    const { purpose } = served.worker
    const vias = purpose === 'settle' ? ['round', 'backfill'] : [purpose]
    for (const line of linesOf(served)) {
      for (const via of vias) {
        const key = `${via} ${line}`
        known.set(key, [...(known.get(key) ?? []), served.readAtMs])
      }
    }
  }
  const row = rows.find(
    ({ readAtMs, via, line, beforeMs }) =>
      !known.get(`${via} ${line}`)?.some((ms) => readAtMs === Math.max(ms, beforeMs)),
  )
  return row && `no ${row.via} at ${row.readAtMs} read ${shown(row.line)}`
}

/** Who had an answer about a file, also the one that there is no such file. */
function readersOf({ shared }: History, file: string, runOf: Map<unknown, Run>): Run[] {
  const { served, readings } = shared.log
  const all = [...served, ...readings].filter((answer) => answer.file === file)
  const runs = new Set(all.map(({ worker }) => runOf.get(worker)!))
  return [...runs].sort((one, other) => one.began - other.began)
}

function outOfOrder(
  rows: readonly Row[],
  answers: readonly Judged[],
  runs: readonly Run[],
  facts: Facts,
): string | undefined {
  const apart = runs.every((run, index) => index === 0 || runs[index - 1]!.ended < run.began)
  if (!apart || answers.some(({ certain }) => !certain)) return undefined
  facts.inOrder += 1
  const expected = expectedRows(answers)
  const at = expected.findIndex(({ line, readAtMs, purpose }, index) => {
    const row = rows[index]
    const via = purpose === 'settle' ? row?.via : purpose
    return (
      row?.line !== line || row.readAtMs !== Math.max(readAtMs, row.beforeMs) || row.via !== via
    )
  })
  if (at === -1) return undefined
  return `row ${at} is ${JSON.stringify(rows[at])}, not ${JSON.stringify(expected[at])}`
}

/**
 * Whether the last settling of a file was told that it is gone, or another one, and nothing gave
 * that away: it believes it, and nobody asks again.
 */
function toldOtherwise(
  { shared }: History,
  file: string,
  { content, changedMs }: { content: Buffer; changedMs: number },
): boolean {
  const bySettling = <A extends Served | (typeof shared.log.readings)[number]>(all: readonly A[]) =>
    all.filter((one) => one.file === file && one.worker.purpose === 'settle').at(-1)
  const [reading, served] = [bySettling(shared.log.readings), bySettling(shared.log.served)]
  if (!reading || reading.readAtMs < changedMs) return false
  return !reading.found || !served || !contentOf(served).equals(content)
}

/** Whether a file was rewritten where no round looks: see `believed`. A settling has to see it. */
function looksUnchanged({ shared }: History, file: string, content: Buffer): boolean {
  const all = shared.log.served.filter((one) => one.file === file && !one.givenUp).map(contentOf)
  const end = (one: Buffer) => one.subarray(-OVERLAP_BYTES)
  const isLike = (one: Buffer) => one.length === content.length && end(one).equals(end(content))
  return all.some(isLike) && !all.some((one) => one.equals(content))
}

/** What stands on the portal at the end, of days that rounds have to read, must be there. */
function notReadAtLast(history: History, file: string, rows: readonly Row[]): string | undefined {
  const { zone, profile, world } = history
  const standing = history.shared.files.files.get(file)
  const first = history.runs.find(
    (run) => run.purpose === 'round' && run.ran?.failures.length === 0,
  )
  if (!standing?.content || !first) return undefined
  const { day, changedMs, content } = standing
  const always = day >= dayAfter(history.today, -SETTLE_AFTER_DAYS) && day <= history.today
  const followed =
    world.rates.clock === 0 &&
    !toldOtherwise(history, file, { content, changedMs }) &&
    day >= wallDay(zone, first.beganMs) &&
    day > dayAfter(history.today, -profile.keepDays) &&
    changedMs < dayStart(zone, dayAfter(day, 1)) + SETTLE_AFTER_DAYS * DAY_MS
  if (!always && !followed) return undefined
  if (content.length > OVERLAP_BYTES && looksUnchanged(history, file, content)) return undefined
  const lines = counted(wholeLines(content))
  if (isWithin(lines, counted(rows.map(({ line }) => line)))) return undefined
  return 'the ledger lacks lines of the file as it stands at last'
}
