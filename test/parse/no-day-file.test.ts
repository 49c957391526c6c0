import { gzipSync, zstdCompressSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { refusalOf } from '../../lib/parse/no-day-file.ts'

/** Answers with status 200 that are no day files must not be taken for data. */

const LINE = 'east|ALM-1|n|d|2026-11-10 08:00:00||2026-11-10 08:00:00\n'
const saidOf = (bytes: Uint8Array | string) => {
  const refusal = refusalOf(Buffer.from(bytes))
  if (refusal) expect(refusal).toMatchObject({ code: 'not-a-data-file', class: 'skip' })
  if (refusal) expect(refusal.hint).not.toBe('')
  return refusal?.message
}

describe('a web page, XML or JSON instead of a file (F53)', () => {
  it.each([
    '<!DOCTYPE html><html>',
    '\uFEFF  \r\n<html lang="en">',
    '\uFEFF\n<!DOCTYPE html><html>',
    '<?xml version="1.0"?>',
    '<h1>Login</h1>',
    '<!-- proxy -->',
    '<BODY>',
    '{"error":"no session"}',
    '[ {"id": 1} ]',
    '{}',
  ])('is known by its beginning: %j', (beginning) => {
    expect(saidOf(beginning)).toContain('web page')
  })
})

describe('a compressed file (F11)', () => {
  it.each([
    ['gzip', gzipSync(LINE)],
    ['zstd', zstdCompressSync(LINE)],
    ['zip', Buffer.from('PK\x03\x04\x14\0', 'latin1')],
    ['xz', Buffer.from('\xfd7zXZ\0\0\x04', 'latin1')],
    ['bzip2', Buffer.from('BZh91AY&SY\x11\x22', 'latin1')],
  ])('is known by its first bytes: %s', (name, bytes) => {
    expect(saidOf(bytes)).toContain(`compressed (${name})`)
  })
})

const little = Buffer.from(LINE, 'utf16le')

describe('a file in UTF-16 (F27)', () => {
  const big = Buffer.from(little).swap16()
  it.each([
    ['little-endian with its BOM', Buffer.from(`\uFEFF${LINE}`, 'utf16le')],
    ['big-endian with its BOM', Buffer.from(`\uFEFF${LINE}`, 'utf16le').swap16()],
    ['little-endian without one', little],
    ['big-endian without one', big],
    ['that is Chinese for the most part', Buffer.from(`${'主'.repeat(20)}${LINE}`, 'utf16le')],
    ['of Chinese alone with its BOM', Buffer.from('\uFEFF主机告警', 'utf16le')],
    ['cut within a sign', little.subarray(0, 31)],
    ['of eight bytes', little.subarray(0, 8)],
  ])('is known: %s', (_, bytes) => expect(saidOf(bytes)).toContain('UTF-16'))
})

describe('a day file is taken as it is', () => {
  it.each<[string, string | Buffer]>([
    ['a system line', 'app01|10.0.0.1|east|cpu|1|2|3|94|2026-11-10 08:00:00\n'],
    ['a server in square brackets', '[app01]|10.0.0.1|east|uptime|1|2026-11-10 08:00:00\n'],
    ['a server in braces', '{app01}|10.0.0.1|east|uptime|1|2026-11-10 08:00:00\n'],
    ['a server in angle brackets', '<web-1>|10.0.0.1|s1|cpu'],
    ['a server whose name begins like a tag', '<bodyguard>|1|s1|cpu'],
    ['markup within a line', 's1|<html>|n|d|t||t\n'],
    ['a server named as a packer', 'BZh9|10.0.0.1|s1|cpu'],
    ['the end of a hole before markup', '\0\0<html>'],
    ['the end of a hole before a line', `${'\0'.repeat(501)}${LINE}`],
    ['a NUL here and there', `a\0bcd\0efghijk\0lmnopqr\0stuvwxyz\0${LINE}`],
    ['NULs on both sides of signs', 'a\0b\0c\0d\0\0e\0f\0g\0h'],
    ['UTF-16 behind a line that is not', Buffer.concat([Buffer.from(LINE), little])],
    ['less than eight bytes of UTF-16', 'a\0b\0c\0'],
    ['nothing', ''],
  ])('%s', (_, text) => expect(saidOf(text)).toBeUndefined())
})
