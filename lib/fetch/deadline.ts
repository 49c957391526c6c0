import { RoundsError } from '../errors.ts'
import type { Answer, Source } from './source.ts'

/**
 * A source that is given up when all that is read from it takes longer than `deadlineMs`: a site
 * that answers a byte a second must not keep others from their round. What came until then counts.
 */
export function withDeadline(source: Source, deadlineMs: number): Source {
  let isLate = false
  const late = () =>
    new RoundsError(
      'site-slow',
      'skip',
      `The site did not come to an end within ${deadlineMs / 1000} s.`,
      'What came is kept, and the next round reads on. Look at the site’s network and portal.',
    )
  let giveUp: (error: RoundsError) => void = () => undefined
  const passed = new Promise<never>((_, reject) => {
    giveUp = reject
  })
  // Nobody may be reading when it passes.
  passed.catch(() => undefined)
  const timer = setTimeout(() => {
    isLate = true
    giveUp(late())
    // Bodies give what came, and break off: whoever reads them is told.
    source.close().catch(() => undefined)
  }, deadlineMs)
  timer.unref()
  /** What a closed source throws, told as what it is. */
  const told = (thrown: unknown) => (isLate ? late() : thrown)

  async function* inTime(chunks: AsyncIterable<Uint8Array>) {
    try {
      yield* chunks
    } catch (thrown) {
      throw told(thrown)
    }
  }

  return {
    async read(path, from): Promise<Answer> {
      if (isLate) throw late()
      // Not closing alone ends it: a driver may be loading, or pause before it asks again.
      const answer = await Promise.race([source.read(path, from), passed]).catch((thrown) => {
        throw told(thrown)
      })
      return answer.kind === 'body' ? { ...answer, chunks: inTime(answer.chunks) } : answer
    },
    async close() {
      clearTimeout(timer)
      await source.close()
    },
  }
}
