import { createHash } from 'node:crypto'
import { calmDown } from './calm.ts'
import { check, type Facts, noFacts } from './check.ts'
import { checkArchives } from './check-archives.ts'
import { checkUpkeep } from './check-upkeep.ts'
import { History } from './history.ts'

/** What came of one history. */
export interface Outcome {
  seed: number
  profile: string
  /** The first difference to the oracle, or what was thrown. */
  wrong: string | undefined
  /** Of everything that is kept at the end: the same seed gives the same bytes. */
  digest: string
  facts: Facts
  fired: ReadonlyMap<string, number>
  trace: readonly string[]
}

/** Lives one history and compares its outcome with the oracle's. */
export async function liveOne(seed: number, traced = false): Promise<Outcome> {
  const history = new History(seed, traced)
  const { world, shared, profile } = history
  const facts = noFacts()
  let wrong: string | undefined
  try {
    await history.live()
    wrong =
      (await calmDown(history)) ??
      (await check(history, facts)) ??
      (await checkUpkeep(history, seed)) ??
      (await checkArchives(history))
  } catch (thrown) {
    wrong = `thrown: ${(thrown as Error).stack}`
  }
  const hash = createHash('sha256')
  for (const { bytes, ...item } of await shared.stores.items()) {
    hash.update(JSON.stringify(item)).update(bytes ?? '')
  }
  for (const [path, body] of shared.stores.objects) hash.update(path).update(body)
  for (const { worker, ...mail } of shared.mails.mails) hash.update(JSON.stringify(mail))
  hash.update(JSON.stringify([[...world.fired], wrong]))
  return {
    seed,
    profile: profile.name,
    wrong,
    digest: hash.digest('hex'),
    facts,
    fired: world.fired,
    trace: world.trace ?? [],
  }
}
