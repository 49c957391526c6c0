import { gzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { looksLikeMarkup } from '../../lib/parse/lines.ts'

/** Answers with status 200 that are no day files must not be taken for data (F53). */

it.each([
  ['a web page', Buffer.from('\uFEFF\n<!DOCTYPE html><html>')],
  ['an error as JSON', Buffer.from('{"error":"no session"}')],
  ['a list as JSON', Buffer.from('[ {"id": 1} ]')],
  ['nothing as JSON', Buffer.from('{}')],
  ['gzip without a header that says so', gzipSync('east|ALM-1|n|d|2026-11-10 08:00:00||')],
])('%s', (_, bytes) => expect(looksLikeMarkup(bytes)).toBe(true))

it.each([
  ['a system line', 'app01|10.0.0.1|east|cpu|1|2|3|94|2026-11-10 08:00:00\n'],
  ['a server named in brackets', '[app01]|10.0.0.1|east|uptime|1|2026-11-10 08:00:00\n'],
  ['a server named in braces', '{app01}|10.0.0.1|east|uptime|1|2026-11-10 08:00:00\n'],
  ['nothing', ''],
])('%s is taken as it is', (_, text) => expect(looksLikeMarkup(Buffer.from(text))).toBe(false))
