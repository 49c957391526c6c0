import iconv from 'iconv-lite'
import { describe, expect, it } from 'vitest'
import { charsetOf, decodeLine, MAX_LINE_BYTES } from '../../lib/parse/lines.ts'
import { readLines } from '../../lib/parse/readings.ts'
import { readerIn } from './reader.ts'

const utf8 = (text: string) => Buffer.from(text)
const gb = (text: string) => iconv.encode(text, 'gb18030')
const textOf = (bytes: Uint8Array, charset: 'utf-8' | 'gb18030' | undefined) =>
  decodeLine(bytes, charset)

const alarm = (name: string) => `s1|${name}|n|d|2026-11-10 01:00:00||2026-11-10 01:00:00\n`
const namesIn = (bytes: Uint8Array) => {
  const { readings } = readLines('alarm', bytes, false, readerIn())
  return readings.map(({ name }) => name)
}

describe('the charset of a day file', () => {
  it('stays open while all is plain ASCII', () => {
    expect(charsetOf(utf8('plain\nmore\n'), false, undefined)).toBeUndefined()
  })

  it('is decided by the first line that is not ASCII, and stays', () => {
    expect(
      charsetOf(Buffer.concat([utf8('a\n'), utf8('中\n'), gb('文字\n')]), false, undefined),
    ).toBe('utf-8')
    expect(
      charsetOf(Buffer.concat([utf8('a\n'), gb('文\n'), utf8('中\n')]), false, undefined),
    ).toBe('gb18030')
    expect(charsetOf(utf8('中\n'), false, 'gb18030')).toBe('gb18030')
    expect(charsetOf(gb('中\n'), false, 'utf-8')).toBe('utf-8')
  })

  it('is UTF-8 behind a BOM', () => {
    expect(charsetOf(utf8('\uFEFFplain\n'), false, undefined)).toBe('utf-8')
  })

  it('is not decided by a line over 64 KiB, which may be cut within a character', () => {
    const long = Buffer.concat([utf8('中'.repeat(MAX_LINE_BYTES)), utf8('\n')])
    for (const end of [MAX_LINE_BYTES, 2 * MAX_LINE_BYTES, long.length]) {
      const bytes = Buffer.concat([utf8('a\n'), long.subarray(0, end)])
      expect(charsetOf(bytes, false, undefined)).toBeUndefined()
    }
    expect(charsetOf(Buffer.concat([long, gb('好\n')]), false, undefined)).toBe('gb18030')
  })
})

describe('text', () => {
  it('of GB18030 is read with its characters of two and of four bytes (F28)', () => {
    const words = '主机㐀丂€😀\n'
    expect(gb('😀')).toHaveLength(4)
    expect(textOf(gb(words), 'gb18030')).toBe(words)
  })

  it('that is valid in the other charset alone is read in that one, line by line', () => {
    expect(textOf(gb('告警过高'), 'utf-8')).toBe('告警过高')
    expect(textOf(utf8('中'), 'gb18030')).toBe('中')
    const mixed = Buffer.concat([utf8(alarm('中文')), gb(alarm('告警过高')), utf8(alarm('尾'))])
    expect(namesIn(mixed)).toEqual(['中文', '告警过高', '尾'])
  })

  it('is UTF-8 where it surely is, though a torn line came first (F25)', () => {
    const torn = Buffer.from(alarm('告警')).subarray(0, 8)
    expect(charsetOf(Buffer.concat([torn, utf8('|\n')]), false, undefined)).toBe('gb18030')
    const file = Buffer.concat([
      torn,
      utf8('|\n'),
      utf8(alarm('告警')),
      utf8(`\uFEFF${alarm('a')}`),
    ])
    expect(namesIn(file)).toEqual(['告警', 'a'])
    // These two are valid UTF-8 as well, of two bytes each.
    expect(namesIn(Buffer.concat([gb(alarm('告警')), gb(alarm('系统'))]))).toEqual(['告警', '系统'])
  })

  it('that is valid in neither keeps what can be read (F28)', () => {
    const broken = Buffer.concat([utf8('ok|'), Buffer.from([0xff, 0xff]), utf8('|end')])
    for (const charset of ['utf-8', 'gb18030', undefined] as const) {
      expect(textOf(broken, charset)).toBe('ok|\uFFFD\uFFFD|end')
    }
  })

  it('is not joined over a newline by a first byte that misses its second (F28)', () => {
    const cut = Buffer.concat([gb(alarm('好')), Buffer.from([0xb8, 0x0a]), utf8(alarm('a'))])
    expect(namesIn(cut)).toEqual(['好', 'a'])
  })
})

describe('readings', () => {
  it('of a GB18030 file have its words', () => {
    const bytes = Buffer.concat([utf8(alarm('plain')), gb(alarm('主机离线')), gb(alarm('磁盘'))])
    expect(namesIn(bytes)).toEqual(['plain', '主机离线', '磁盘'])
  })

  it('do not see a BOM, on the first line or on a later one (F26)', () => {
    expect(namesIn(utf8(`\uFEFF${alarm('a')}\uFEFF${alarm('b')}\uFEFF\n`))).toEqual(['a', 'b'])
  })

  it('do not see the end of a hole of NUL bytes before a line (F29)', () => {
    const bytes = Buffer.concat([Buffer.alloc(MAX_LINE_BYTES + 77), utf8(alarm('a'))])
    const parsed = readLines('alarm', bytes, false, readerIn())
    expect(parsed).toMatchObject({ lines: 2, blank: 1, readings: [{ name: 'a' }], rejects: [] })
  })

  it('keep control signs and marks of writing direction as they came (F33)', () => {
    const name = '\u001b[31mred\u001b[0m\u202Eabc'
    expect(namesIn(utf8(alarm(name)))).toEqual([name])
  })
})
