import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { liveOne } from './live.ts'

/** So many fit into 90 seconds on one core; `npm run sim` lives as many more as one likes. */
const HISTORIES = 700

describe('the simulation', () => {
  it(`holds for ${HISTORIES} histories`, { timeout: 600_000 }, async () => {
    const failures: string[] = []
    const fired = new Set<string>()
    for (let seed = 1; seed <= HISTORIES; seed += 1) {
      const { wrong, profile, fired: own } = await liveOne(seed)
      for (const kind of own.keys()) fired.add(kind)
      const replay = `npm run sim -- --histories 1 --seed ${seed} --trace`
      if (wrong !== undefined) failures.push(`${profile}: ${wrong}; ${replay}`)
    }
    process.stdout.write(`simulation: ${HISTORIES} histories, ${failures.length} failures\n`)
    expect(failures).toEqual([])
    // Faults that no longer come would prove nothing any more.
    for (const kind of ['killed at', 'zombie at', 'web ', 'mail ', 'round doubled', 'clock set']) {
      expect([...fired].some((one) => one.startsWith(kind))).toBe(true)
    }
    for (const how of ['before', 'after', 'refused']) {
      expect([...fired].some((one) => one.endsWith(`failed ${how}`))).toBe(true)
    }
  })

  it('comes to the same bytes from the same seed', async () => {
    for (const seed of [3, 14, 159]) {
      const [one, other] = [await liveOne(seed), await liveOne(seed, true)]
      expect(one.digest).toBe(other.digest)
      expect((await liveOne(seed + 1)).digest).not.toBe(one.digest)
    }
  })

  it('notices a part that is broken on purpose', { timeout: 120_000 }, async () => {
    const words = ['--only', 'the gap check', '--histories', '100']
    const script = new URL('mutate.ts', import.meta.url).pathname
    const { stdout } = await promisify(execFile)(process.execPath, [script, ...words])
    expect(stdout).toMatch(/^the gap check: noticed after \d+ histories;/)
  })
})
