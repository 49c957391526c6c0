import { RoundsError } from '../../lib/errors.ts'
import type { Answer, Source } from '../../lib/fetch/source.ts'
import type { DayFile } from '../../lib/ledger/record.ts'
import type { Site } from '../../lib/site.ts'

/** The day file that these tests read. */
export const FILE: DayFile & { feed: 'alarm' } = { site: 's1', feed: 'alarm', day: '2026-11-10' }

/** A site that keeps all rows ever seen. */
export const SITE: Site = {
  id: 's1',
  name: 'Site one',
  timeZone: 'Asia/Shanghai',
  language: 'en',
  source: { kind: 'directory', path: 'none', maxFileBytes: 1e9 },
  siteIds: ['s1'],
  feeds: { system: { path: 'sys' }, alarm: { path: 'alarm' }, service: { path: 'service' } },
  serviceCountsOf: 'fileDay',
  units: 'bytes',
  onRewrite: 'merge',
  recipients: [],
}

/** One answer with a body that the portal gave, and how much of it was taken. */
export interface Served {
  whole: boolean
  start: number
  content: Buffer
  taken: number
  ended: boolean
}

/** A site's portal in the memory: one file, and switches for how it is given. */
export interface Portal {
  /** The file; undefined when the site has none. */
  content: Buffer | undefined
  /** Bytes of one chunk of an answer. */
  chunkBytes: number
  /** The server knows no ranges. */
  ignoresRanges: boolean
  /** The body breaks off after so many bytes. */
  cutAfter: number
  /** The site does not answer. */
  down: boolean
  served: Served[]
}

/** An empty portal that works well. */
export function portal(): Portal {
  return {
    content: undefined,
    chunkBytes: 64 * 1024,
    ignoresRanges: false,
    cutAfter: Number.POSITIVE_INFINITY,
    down: false,
    served: [],
  }
}

/** A source that reads from a portal; `turn` is awaited before each answer and each chunk. */
export function sourceOf(site: Portal, turn: () => Promise<void> = async () => {}): Source {
  return {
    async read(_path, from): Promise<Answer> {
      await turn()
      if (site.down) throw new RoundsError('connection', 'skip', 'The site does not answer.')
      const { content } = site
      if (!content) return { kind: 'absent' }
      if (from > 0 && from >= content.length) return { kind: 'shorter' }
      const start = site.ignoresRanges ? 0 : from
      const served: Served = { whole: from === 0, start, content, taken: 0, ended: false }
      site.served.push(served)
      return { kind: 'body', start, chunks: chunksOf(site, served, turn) }
    },
    async close() {},
  }
}

async function* chunksOf(site: Portal, served: Served, turn: () => Promise<void>) {
  const body = served.content.subarray(served.start)
  const { cutAfter, chunkBytes } = site
  while (served.taken < Math.min(body.length, cutAfter)) {
    await turn()
    const to = Math.min(served.taken + chunkBytes, body.length, cutAfter)
    const chunk = body.subarray(served.taken, to)
    served.taken = to
    yield chunk
  }
  if (cutAfter < body.length) throw new RoundsError('broken-off', 'skip', 'The body broke off.')
  served.ended = true
}
