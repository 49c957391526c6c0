import { describe, expect, it } from 'vitest'
import type { Objects } from '../../lib/store/objects.ts'

/** The laws of the objects port; `open` gives a fresh, empty place. */
export function objectsContract(open: () => Promise<Objects>): void {
  describe('objects contract', () => {
    it('gives back what was put, text and bytes, and the newest of two', async () => {
      const objects = await open()
      await objects.put('east/2026-11-10/index.html', '旧')
      await objects.put('east/2026-11-10/index.html', '新')
      await objects.put('bin', Uint8Array.from([0, 255]))
      expect(Buffer.from((await objects.get('east/2026-11-10/index.html'))!).toString()).toBe('新')
      expect([...(await objects.get('bin'))!]).toEqual([0, 255])
      expect(await objects.get('east')).toBeUndefined()
      expect(await objects.get('nothing')).toBeUndefined()
    })

    it('lists by prefix, sorted, and forgets what was removed', async () => {
      const objects = await open()
      expect(await objects.list('')).toEqual([])
      for (const path of ['b/2', 'a', 'b/10', 'bc']) await objects.put(path, path)
      expect(await objects.list('')).toEqual(['a', 'b/10', 'b/2', 'bc'])
      expect(await objects.list('b/')).toEqual(['b/10', 'b/2'])
      await objects.remove('b/10')
      await objects.remove('b/10')
      expect(await objects.list('b/')).toEqual(['b/2'])
    })

    it.each(['', '/a', 'a//b', '../a', 'a/../../b', './a', 'a\\b', 'a\0b', 'a/'])(
      'refuses the path %j',
      async (path) => {
        const objects = await open()
        await expect(objects.put(path, 'x')).rejects.toMatchObject({ code: 'object-path' })
      },
    )

    it('never shows a part of an object that is being replaced', async () => {
      const objects = await open()
      const [short, long] = ['a'.repeat(10), 'b'.repeat(300_000)]
      await objects.put('page', short)
      const writing = (async () => {
        for (let n = 0; n < 20; n += 1) await objects.put('page', n % 2 ? short : long)
      })()
      for (let n = 0; n < 50; n += 1) {
        const text = Buffer.from((await objects.get('page'))!).toString()
        expect([short, long].includes(text)).toBe(true)
      }
      await writing
    })
  })
}
