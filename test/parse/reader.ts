import type { Reader } from '../../lib/parse/readings.ts'
import { Zone } from '../../lib/time.ts'

/** A fresh reader of a site `s1` in a zone. */
export function readerIn(timeZone = 'Asia/Shanghai', changes: Partial<Reader> = {}): Reader {
  return {
    zone: new Zone(timeZone),
    siteIds: new Set(['s1']),
    units: 'bytes',
    charset: undefined,
    previousMs: undefined,
    ...changes,
  }
}
