import { seeded } from '../../demo/seeded.ts'
import type { Reader } from '../../lib/parse/readings.ts'
import { FEEDS } from '../../lib/site.ts'
import { Zone } from '../../lib/time.ts'
import { FUZZ_SITE_IDS, fuzzCuts, fuzzInput } from './inputs.ts'
import { parseLaws } from './laws.ts'
import { wayLaw } from './way.ts'

/** One with repeated and skipped hours, one without. */
const ZONES = [new Zone('Asia/Shanghai'), new Zone('America/New_York')] as const

/** One input of so many also goes the whole way, through a ledger. */
const WAY_SHARE = 0.1

/**
 * Makes one input of every feed from a seed and a number, and holds the laws against it. Gives the
 * lines that were read. The error of a broken law says how to have it again.
 */
export async function fuzzBatch(seed: string, batch: number): Promise<number> {
  const next = seeded(`fuzz ${seed} ${batch}`)
  let lines = 0
  for (const feed of FEEDS) {
    const zone = ZONES[next() < 0.7 ? 0 : 1]!
    const newReader = (): Reader => ({
      ...{ zone, siteIds: FUZZ_SITE_IDS, units: 'bytes' },
      ...{ charset: undefined, previousMs: undefined },
    })
    const bytes = fuzzInput(feed, next)
    const cuts = fuzzCuts(bytes.length, next)
    try {
      const parsed = parseLaws(feed, bytes, cuts, newReader)
      if (next() < WAY_SHARE) await wayLaw(feed, bytes, cuts, newReader(), parsed)
      lines += parsed.lines
    } catch (thrown) {
      const again = `npm run fuzz -- --seed ${seed} --batch ${batch}`
      throw new Error(`${feed}: ${thrown}\nagain: ${again}`, { cause: thrown })
    }
  }
  return lines
}
