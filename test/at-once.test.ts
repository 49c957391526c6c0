import { describe, expect, it } from 'vitest'
import { atOnce, whileTime } from '../lib/at-once.ts'

describe('work side by side', () => {
  it('keeps its order, and no more under way than said', async () => {
    let underWay = 0
    let most = 0
    const act = async (item: number) => {
      underWay += 1
      most = Math.max(most, underWay)
      await new Promise((resolve) => setImmediate(resolve))
      underWay -= 1
      return item * 2
    }
    expect(await atOnce(3, [1, 2, 3, 4, 5, 6, 7], act)).toEqual([2, 4, 6, 8, 10, 12, 14])
    expect(most).toBe(3)
  })

  it('leaves what it has no time to begin, and ends what it has begun', async () => {
    let begun = 0
    const hasTime = () => begun < 3
    const act = async (item: string) => {
      begun += 1
      // The first one ends last.
      for (let turns = item === 'a' ? 20 : 1; turns > 0; turns -= 1) {
        await new Promise((resolve) => setImmediate(resolve))
      }
      return item
    }
    const { results, left } = await whileTime(2, ['a', 'b', 'c', 'd', 'e'], { hasTime }, act)
    expect(results).toEqual(['a', 'b', 'c'])
    expect(left).toEqual(['d', 'e'])
  })

  it('keeps the order of what ends in another one', async () => {
    const ends: (() => void)[] = []
    const act = async (item: string) => {
      await new Promise<void>((resolve) => ends.push(resolve))
      return [item]
    }
    const work = whileTime(3, ['a', 'b', 'c'], {}, act)
    await new Promise((resolve) => setImmediate(resolve))
    expect(ends).toHaveLength(3)
    for (const end of ends.reverse()) {
      end()
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect((await work).results).toEqual([['a'], ['b'], ['c']])
  })
})
