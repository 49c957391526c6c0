import { RoundsError } from './errors.ts'
import { type Day, FEEDS, type Feed, SITE_ID } from './site.ts'
import { addDays, HOUR_MS, isoInstant, MINUTE_MS, parseDay, parseInstant } from './time.ts'

/** What can be asked of the functions. */
export const JOBS = ['round', 'backfill', 'notify', 'report', 'overview', 'settle'] as const

/** One of the things that can be asked. */
export type JobName = (typeof JOBS)[number]

/**
 * What a schedule, a message of the queue or a person asks of the functions. As JSON:
 * `{"job":"backfill","from":"2026-11-01","to":"2026-11-10","sites":["bj01"]}`; `at` is an instant
 * in ISO 8601. In the middle of an upgrade an older or a newer release may read a message: keys
 * that it does not know it leaves out, so a new key must be one that a job may be done without.
 */
export interface Job {
  /** Names the job in logs: the same in all messages that came of one request. */
  id: string
  job: JobName
  /** The schedule's own time: what is due is decided by it, in epoch milliseconds. */
  atMs: number
  /** Which sites; absent means all. */
  sites?: string[]
  /** Which days; absent means what is due. */
  from?: Day
  to?: Day
  feeds?: Feed[]
  /** The version of the settings that the dispatcher saw. */
  settings?: number
  /** Which try this is, from 1: sites that fail are sent again alone. Of a dead letter 4. */
  tries?: number
}

/** So many sites one message may name: those of 64 signs fit into it many times. */
export const MOST_SITES = 1_000

/** So many days one job may name: three years, as on the command line. */
const MOST_DAYS = 1_100

/** A round that comes later than this is not done: newer ones have read all that it would. */
const ROUND_STALE_MS = 30 * MINUTE_MS

/** What else comes later than this was left lying. */
const STALE_MS = 24 * HOUR_MS

/** Whether a person asked for it: what names its days is asked for by no schedule. */
export function isByHand({ job, from }: Job): boolean {
  return job === 'backfill' || from !== undefined
}

/** Whether a job is too old to be done; the next one of a schedule does what it would have. */
export function isStale(job: Job, nowMs: number): boolean {
  const isRound = job.job === 'round' && !isByHand(job)
  return nowMs - job.atMs > (isRound ? ROUND_STALE_MS : STALE_MS)
}

/** The clocks of machines differ by seconds; what lies further ahead is a slip of the pen. */
const EARLY_MS = 10 * MINUTE_MS

/**
 * Throws a `stop` when a job is for a time that is yet to come: it would take days for past that
 * are not over, and close them.
 */
export function refuseEarly({ atMs }: Job, nowMs: number): void {
  if (atMs - nowMs > EARLY_MS) throw badJob('at lies in the future')
}

/** A job as the text of a message. */
export function jobText({ atMs, ...job }: Job): string {
  return JSON.stringify({ ...job, at: isoInstant(atMs) })
}

/** The keys of a job as JSON. */
const KEYS = ['id', 'job', 'at', 'sites', 'from', 'to', 'feeds', 'settings', 'tries']

/**
 * The job that a payload holds. What a person leaves out is filled in from `missing`: `id` and
 * `at`. Throws a `stop` that says what is wrong: the same payload will never be understood. A key
 * that no job has is wrong, too, where somebody may have mistyped it; with `onUnknown` it is told
 * of the first one, and all are left out: a newer release may know them.
 */
export function parseJob(
  payload: unknown,
  missing: Pick<Job, 'id' | 'atMs'>,
  onUnknown: (key: string) => void = refuseKey,
): Job {
  if (typeof payload !== 'object' || payload === null || Array.isArray(payload)) {
    throw badJob('it is no JSON object')
  }
  const given = payload as Record<string, unknown>
  const unknown = Object.keys(given).find((key) => !KEYS.includes(key))
  if (unknown !== undefined) onUnknown(unknown.slice(0, 40))
  const { id = missing.id, job, at, sites, from, to, feeds, settings, tries } = given
  if (!JOBS.includes(job as JobName)) throw badJob(`job is one of ${JOBS.join(', ')}`)
  if (typeof id !== 'string' || !/^[\w.:-]{1,100}$/.test(id)) throw badJob('id is a short name')
  const atMs = at === undefined ? missing.atMs : parseInstant(String(at))
  if (atMs === undefined) throw badJob('at is an instant such as 2026-11-10T08:00:00Z')
  return {
    id,
    job: job as JobName,
    atMs,
    ...daysOf(job as JobName, atMs, from, to),
    ...(sites !== undefined && { sites: listOf(sites, 'sites', isSiteId) }),
    ...(feeds !== undefined && { feeds: listOf(feeds, 'feeds', isFeed) }),
    ...(settings !== undefined && { settings: countOf(settings, 'settings') }),
    ...(tries !== undefined && { tries: countOf(tries, 'tries') }),
  }
}

function daysOf(job: JobName, atMs: number, from: unknown, to: unknown): Pick<Job, 'from' | 'to'> {
  if (from === undefined && to === undefined) {
    if (job === 'backfill') throw badJob('a backfill needs from and to')
    return {}
  }
  const [first, last] = [from, to].map((day) => parseDay(String(day)))
  if (!first || !last) throw badJob('from and to are days such as 2026-11-10')
  if (first > last) throw badJob('from lies after to')
  // Wherever a site lies, its day is at most one ahead of UTC's.
  if (last > addDays(isoInstant(atMs).slice(0, 10), 1)) throw badJob('to lies in the future')
  if (addDays(first, MOST_DAYS) <= last) throw badJob(`at most ${MOST_DAYS} days can be given`)
  if (job === 'notify') throw badJob('a mail is about what stands now: leave out from and to')
  return { from: first, to: last }
}

function listOf<T extends string>(
  value: unknown,
  key: string,
  isOne: (text: unknown) => text is T,
): T[] {
  const isList = Array.isArray(value) && value.length > 0 && value.length <= MOST_SITES
  if (isList && value.every(isOne)) return [...new Set(value)]
  throw badJob(`${key} is a list of 1 to ${MOST_SITES} names`)
}

function isSiteId(text: unknown): text is string {
  return typeof text === 'string' && SITE_ID.test(text)
}

function isFeed(text: unknown): text is Feed {
  return FEEDS.includes(text as Feed)
}

function countOf(value: unknown, key: string): number {
  if (Number.isInteger(value) && (value as number) >= 0) return value as number
  throw badJob(`${key} is a whole number`)
}

function refuseKey(key: string): never {
  throw badJob(`it has no key “${key}”`)
}

function badJob(what: string): RoundsError {
  return new RoundsError(
    'bad-job',
    'stop',
    `This is no job: ${what}.`,
    'Write it like {"job":"backfill","from":"2026-11-01","to":"2026-11-10","sites":["bj01"]}.',
  )
}
