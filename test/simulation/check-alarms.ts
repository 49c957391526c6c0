import { isDeepStrictEqual } from 'node:util'
import type { Facts } from './check.ts'
import type { History, Run } from './history.ts'
import type { Occurrence } from './oracle-alarms.ts'
import { EXPIRE_AFTER_DAYS, standing } from './product.ts'
import { Worker } from './worker.ts'
import { dayAfter, dayStart } from './zones.ts'

const DAY_MS = 86_400_000

/** Observed time is understated by so much at most, because it is not written at every round. */
const UNDERSTATED_MS = 45 * 60_000

/** Readers so near to one another are as good as at once. */
const AT_ONCE_MS = 10 * 60_000

/** Readings this near to one another belong to one stretch of time. */
const JOIN_MS = 2 * 3_600_000

/** Compares the alarms that stand, with all their fields. */
export async function checkAlarms(
  history: History,
  occurrences: ReadonlyMap<string, Occurrence>,
  runOf: Map<unknown, Run>,
  facts: Facts,
): Promise<string | undefined> {
  const { world, shared } = history
  const reader = new Worker(world, 'reader', 'round')
  const told = await standing(shared, reader, world.time.nowMs)
  history.openAtLast = new Set(told.map(({ name, raisedText }) => `${name} ${raisedText}`))
  const days = observed(history, runOf)
  const byKey = new Map(told.map((one) => [`${one.name} ${one.node} ${one.raisedText}`, one]))
  for (const [key, one] of occurrences) {
    const alarm = byKey.get(key)
    byKey.delete(key)
    const expired = one.recovered ? 'yes' : expiry(days, one.changedMs, world.time.nowMs)
    if (expired === 'unclear') {
      facts.unclearExpiry += 1
      continue
    }
    const stands = !one.recovered && expired === 'no'
    if (stands !== Boolean(alarm)) {
      return `alarm ${key} ${alarm ? 'stands, and should not' : 'should stand'}: ${shownOf(one)}`
    }
    if (!alarm) continue
    facts.open += 1
    const { name, node, raisedText, raisedMs, description, changedMs, backfilled } = one
    const expected = { name, node, raisedText, raisedMs, description, changedMs, backfilled }
    const fields = Object.fromEntries(
      Object.keys(expected).map((field) => [field, alarm[field as keyof typeof expected]]),
    )
    if (!isDeepStrictEqual(fields, expected)) {
      return `alarm ${key} is ${JSON.stringify(fields)}, not ${JSON.stringify(expected)}`
    }
  }
  const [unknown] = byKey.keys()
  return unknown && `alarm ${unknown} stands, and no row tells of it`
}

function shownOf(one: Occurrence): string {
  return JSON.stringify({ ...one, description: one.description.length })
}

/** When a day's alarm file was read last, at least and at most. */
interface ObservedDay {
  startMs: number
  endMs: number
  leastMs: number
  mostMs: number
}

/** Whether an alarm has stood unchanged for the observed time after which it expires. */
function expiry(days: readonly ObservedDay[], sinceMs: number, nowMs: number) {
  let least = 0
  let most = 0
  for (const { startMs, endMs, leastMs, mostMs } of days) {
    const from = Math.max(startMs, sinceMs)
    const stated = leastMs >= endMs ? leastMs : leastMs - UNDERSTATED_MS
    least += Math.max(0, Math.min(endMs, stated, nowMs) - from)
    most += Math.max(0, Math.min(endMs, mostMs, nowMs) - from)
  }
  if (most < EXPIRE_AFTER_DAYS * DAY_MS) return 'no'
  return least >= EXPIRE_AFTER_DAYS * DAY_MS ? 'yes' : 'unclear'
}

function observed(history: History, runOf: Map<unknown, Run>): ObservedDay[] {
  const { zone, today, profile, shared, world } = history
  const days: ObservedDay[] = []
  for (let day = dayAfter(today, -profile.keepDays); day <= today; day = dayAfter(day, 1)) {
    const all = shared.log.readings.filter(({ file }) => file === `alarm ${day}`)
    const absent = all.filter(({ found }) => !found)
    const endOf = (worker: unknown) => runOf.get(worker)?.ended ?? 0
    // Of readers at about the same time the one that finds no file may be noted first; and who is
    // slow notes nothing before what others have noted since.
    const isSure = ({ worker, readAtMs }: (typeof all)[number]) =>
      !absent.some(({ worker: other, readAtMs: ms }) => {
        const isSlow = ms > readAtMs && ms - readAtMs < JOIN_MS && endOf(other) < endOf(worker)
        return isSlow || Math.abs(ms - readAtMs) < AT_ONCE_MS
      })
    // What was noted by a clock that was ahead proves nothing before that time has come.
    const ahead = all.some(({ readAtMs }) => readAtMs > world.time.nowMs)
    // Who lost a race asks again, and notes what the last answer said.
    const last = all.filter(
      ({ worker }, at) => !all.some((one, later) => later > at && one.worker === worker),
    )
    const certain = last.filter((one) => {
      const isDone = runOf.get(one.worker)?.ran?.failures.length === 0
      // To a settling a file that was emptied is gone.
      const isGone = one.empty && one.worker.purpose === 'settle'
      return !ahead && isDone && !isGone && (!one.found || isSure(one))
    })
    // A file that was there once, and is not, was not read.
    const wasThere = all.some(({ found }) => found)
    days.push({
      startMs: dayStart(zone, day),
      endMs: dayStart(zone, dayAfter(day, 1)),
      leastMs: latest(wasThere ? certain.filter(({ found }) => found) : certain),
      mostMs: latest(all),
    })
  }
  return days
}

function latest(readings: readonly { readAtMs: number }[]): number {
  return readings.reduce((newest, { readAtMs }) => Math.max(newest, readAtMs), 0)
}
