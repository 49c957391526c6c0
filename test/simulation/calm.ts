import { isDeepStrictEqual } from 'node:util'
import type { History, Run } from './history.ts'
import { wallDay } from './zones.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

/** Partitions of what is computed, and so must not change when nothing was found. */
const COMPUTED = ['days#', 'alarms#', 'ledger#']

/**
 * The end of a history: faults are over, sleepers wake or are dead, and calm rounds bring all up.
 * Answers what the last one, which finds nothing, did all the same.
 */
export async function calmDown(history: History): Promise<string | undefined> {
  const { world } = history
  world.calm = true
  world.skews.push({ fromMs: world.time.nowMs, skewMs: 0 })
  world.say(() => 'all faults are over')
  const late = new Set([...world.workers].filter(({ asleep }) => asleep && world.dice.chance(0.5)))
  for (const worker of world.workers) if (!late.has(worker)) worker.wake()
  await pass(history, 20)
  for (let count = 0; count < 2; count += 1) {
    const wrong = await calmRound(history)
    if (wrong) return wrong
  }
  const settled = await calmSettling(history)
  if (settled) return settled
  for (const worker of late) {
    if (world.dice.chance(0.5)) worker.kill()
    else worker.wake()
  }
  await pass(history, 20)
  const brought = await calmRound(history)
  if (brought) return brought
  const again = await calmSettling(history)
  if (again) return again
  // An unfinished line that settling takes may raise an alarm: this round mails it.
  await pastMidnight(history)
  const wrong = await calmRound(history)
  if (wrong) return wrong
  const before = await computed(history)
  const mails = history.shared.mails.mails.length
  const run = history.round(false)
  await pass(history, 30)
  if (run.ran?.added !== 0) return 'a calm round found something once more'
  if (history.shared.mails.mails.length !== mails) return 'a calm round mailed once more'
  const after = await computed(history)
  const changed = after.find((item, index) => !isDeepStrictEqual(item, before[index]))
  if (!changed && after.length === before.length) return undefined
  const was = before.find(({ partition, sort }) => {
    return partition === changed?.partition && sort === changed.sort
  })
  const [from, to] = [was, changed].map((item) => JSON.stringify(item?.data))
  return `a round that found nothing changed ${changed?.partition} from ${from} to ${to}`
}

async function calmRound(history: History): Promise<string | undefined> {
  const run = history.round(false)
  await pass(history, 30)
  return failed(run)
}

/** At midnight the book of alarms drops its oldest day: that must not fall between two rounds. */
async function pastMidnight(history: History): Promise<void> {
  const { today, zone, world } = history
  if (wallDay(zone, world.time.nowMs + HOUR_MS) !== today) await pass(history, 60)
}

async function calmSettling(history: History): Promise<string | undefined> {
  const run = history.settle(false)
  await pass(history, 1)
  return failed(run)
}

/** A run without any fault around it must come to its end, and must not fail for any file. */
export function failed(run: Run): string | undefined {
  const [failure] = run.ran?.failures.filter(({ code }) => code !== 'nothing-found') ?? []
  if (failure) return `${run.worker.name} failed without a fault: ${JSON.stringify(failure)}`
  return run.ended === Number.POSITIVE_INFINITY || !run.ran
    ? `${run.worker.name} did not end although nothing went wrong`
    : undefined
}

async function pass({ world }: History, minutes: number): Promise<void> {
  await world.time.run(world.time.nowMs + minutes * MINUTE_MS)
}

async function computed({ shared }: History) {
  const items = await shared.stores.items()
  return items.filter(({ partition }) => COMPUTED.some((one) => partition.startsWith(one)))
}
