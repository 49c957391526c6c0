import { atOnce } from '../at-once.ts'
import { RoundsError } from '../errors.ts'
import { isByHand, type Job, jobText, MOST_SITES } from '../job.ts'
import type { Log } from '../log.ts'
import type { Queue } from '../queue/queue.ts'
import { letterKey } from '../store/keys.ts'
import type { Table } from '../store/table.ts'
import { DAY_MS, isoInstant } from '../time.ts'
import { inGroups } from './in-groups.ts'

/** What dead letters are written with. */
export interface LetterPorts {
  deadLetters: Queue
  /** Holds which sites had a letter today. */
  table: Table
  log: Log
}

/** How often a site that failed is tried, the first time included. */
export const MOST_TRIES = 3

/** Which try a job is. A dead letter has one more: when it comes, somebody has moved it back. */
const LETTER_TRIES = MOST_TRIES + 1

/** The form of the notes. */
const NOTE_FORMAT = 1

/** A note is of use on its day; the day after, jobs of that day may still come late. */
const NOTE_MS = 2 * DAY_MS

/** Notes read or written side by side. */
const NOTES_AT_ONCE = 8

/** A message that nobody needs to try again; people see to it, with the reason beside it. */
export async function bury(
  { deadLetters, log }: LetterPorts,
  text: string,
  error: RoundsError,
): Promise<void> {
  await deadLetters.send([{ text, group: 'dead', reason: `${error.code}: ${error.message}` }])
  log('error', 'job:dead', { code: error.code, reason: error.message, hint: error.hint })
}

/**
 * Makes the sites of a job that failed for good one dead letter, where that lies with us. A
 * schedule asks for the same sites up to a thousand times a day, so a site is told of once a day
 * and kind of job; what a person asked for, or moved back, each time.
 */
export async function buryFaults(
  ports: LetterPorts,
  job: Job,
  sites: readonly string[],
  faults: ReadonlyMap<string, RoundsError>,
): Promise<void> {
  const { table } = ports
  const ours = sites.filter((site) => faults.has(site))
  const isAsked = isByHand(job) || job.tries === LETTER_TRIES
  const told = isAsked ? [] : await atOnce(NOTES_AT_ONCE, ours, (site) => wasTold(table, job, site))
  const untold = ours.filter((_, index) => !told[index])
  for (const own of inGroups(untold, MOST_SITES)) {
    const text = jobText({ ...job, sites: own, tries: LETTER_TRIES })
    await bury(ports, text, sitesFailed(own, faults))
    // Behind the letter: whoever dies in between tells twice, and never not at all.
    await atOnce(NOTES_AT_ONCE, own, (site) => noteTold(table, job, site))
  }
}

function dayOf({ atMs }: Job): string {
  return isoInstant(atMs).slice(0, 10)
}

async function wasTold(table: Table, job: Job, site: string): Promise<boolean> {
  const note = await table.get(letterKey(site, job.job))
  return note?.data.format === NOTE_FORMAT && String(note.data.day) >= dayOf(job)
}

/** Whoever notes it at the same time notes the same. */
async function noteTold(table: Table, job: Job, site: string): Promise<void> {
  const key = letterKey(site, job.job)
  const data = { format: NOTE_FORMAT, day: dayOf(job) }
  const content = { data, expiresAt: job.atMs + NOTE_MS }
  const created = await table.create(key, content)
  if (created.done || !created.standing) return
  await table.replace(key, created.standing.version, content)
}

function sitesFailed(
  sites: readonly string[],
  faults: ReadonlyMap<string, RoundsError>,
): RoundsError {
  const [first = ''] = sites
  const { code, message } = faults.get(first)!
  const count = sites.length === 1 ? '1 site' : `${sites.length} sites`
  return new RoundsError(
    'sites-failed',
    'stop',
    `${count} failed, ${first} first: ${code}: ${message}`,
    'The log lines of the same job say why each of them failed; move the letter back when mended.',
  )
}
