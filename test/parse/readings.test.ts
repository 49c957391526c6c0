import iconv from 'iconv-lite'
import { describe, expect, it } from 'vitest'
import type { RejectReason } from '../../lib/parse/feeds.ts'
import { MAX_LINE_BYTES } from '../../lib/parse/lines.ts'
import { readLines } from '../../lib/parse/readings.ts'
import type { Feed } from '../../lib/site.ts'
import { Zone } from '../../lib/time.ts'
import { readerIn } from './reader.ts'

const AT = '2026-11-10 01:02:03'
const recorded = { text: AT, ms: Date.parse('2026-11-09T17:02:03Z') }
const head = { server: 'web-1', ip: '10.0.0.1', recorded }

function read<F extends Feed>(feed: F, lines: string, reader = readerIn()) {
  return readLines(feed, Buffer.from(lines), false, reader)
}
const system = (rest: string) => `web-1|10.0.0.1|s1|${rest}|${AT}\n`

describe('a system file', () => {
  it.each([
    ['cpu|1.5|2|0|96.5', { type: 'cpu', user: 1.5, system: 2, io: 0, idle: 96.5 }],
    ['mem|5|3|2|10', { type: 'mem', used: 5, free: 3, buffer: 2, total: 10 }],
    ['disk|/home|7|9', { type: 'disk', mount: '/home', used: 7, total: 9 }],
    ['disk|C:\\|7|9', { type: 'disk', mount: 'C:\\', used: 7, total: 9 }],
    ['os|Linux|6.1 "x"', { type: 'os', name: 'Linux', kernel: '6.1 "x"' }],
    ['uptime|86400', { type: 'uptime', uptimeSeconds: 86_400 }],
    ['node|gw|running', { type: 'node', node: 'gw', state: 'running' }],
  ])('gives a reading of %s', (rest, values) => {
    expect(read('system', system(rest)).readings).toEqual([{ ...head, ...values }])
  })

  it.each([
    ['KiB', 1024],
    ['MiB', 1024 ** 2],
  ] as const)(
    'has sizes in %s where the site says so, and other numbers as they are',
    (units, factor) => {
      const lines = system('mem|5|3|2|10') + system('disk|/|7|9') + system('uptime|5')
      const { readings } = read('system', lines, readerIn('UTC', { units }))
      expect(readings).toMatchObject([
        { used: 5 * factor, free: 3 * factor, buffer: 2 * factor, total: 10 * factor },
        { used: 7 * factor, total: 9 * factor },
        { uptimeSeconds: 5 },
      ])
    },
  )

  it('counts other types as unknown, however many fields they have', () => {
    const lines = `${system('gpu|1') + system('net|a|b|c|d|e|f|g')}web-1|1|s1|toString\n`
    expect(read('system', lines)).toMatchObject({ lines: 3, unknown: 3, rejects: [] })
  })
})

describe('an alarm file', () => {
  const alarm = (name: string, resumed: string) => `s1|${name}|node|say|${AT}|${resumed}|${AT}\n`

  it('gives alarms that stand, and alarms that recovered, also before they began', () => {
    const { readings } = read('alarm', alarm('a', '') + alarm('b', '2026-11-10 01:00:00'))
    const usual = { node: 'node', description: 'say', raised: recorded, recorded }
    const recovered = { text: '2026-11-10 01:00:00', ms: Date.parse('2026-11-09T17:00:00Z') }
    expect(readings).toEqual([
      { name: 'a', ...usual },
      { name: 'b', ...usual, recovered },
    ])
  })

  it('keeps names apart that differ by case or by a space (F76)', () => {
    const names = read('alarm', alarm('Cpu', '') + alarm('cpu', '') + alarm('cpu ', '')).readings
    expect(names.map(({ name }) => name)).toEqual(['Cpu', 'cpu', 'cpu '])
  })
})

it('a service file gives the seven counts', () => {
  expect(read('service', `s1|1|2|3|4|5|6|7|${AT}\n`).readings).toEqual([
    { subscribed: 1, unsubscribed: 2, totalUsers: 3, calls: 4, shows: 5, mo: 6, mt: 7, recorded },
  ])
})

describe('a line is rejected', () => {
  const cases: [Feed, string, RejectReason][] = [
    ['system', 'web-1|10.0.0.1|s1', 'field-count'],
    ['system', 'web-1', 'field-count'],
    ['system', `web-1|10.0.0.1|s1|cpu|1|2|3|${AT}`, 'field-count'],
    ['system', `web-1|10.0.0.1|s1|cpu|1|2|3|4|5|${AT}`, 'field-count'],
    ['system', `web-1|10.0.0.1|s2|cpu|1|2|3|4|${AT}`, 'foreign-site'],
    ['system', `web-1|10.0.0.1|s2|gpu|1|${AT}`, 'foreign-site'],
    ['system', `|10.0.0.1|s1|cpu|1|2|3|4|${AT}`, 'empty-field'],
    ['system', 'web-1|10.0.0.1|s1|cpu|1|2|3|4|2026-02-30 00:00:00', 'bad-time'],
    ['system', `web-1|10.0.0.1|s1|disk|/|full|9|${AT}`, 'bad-number'],
    ['system', `web-1|10.0.0.1|s1|uptime||${AT}`, 'bad-number'],
    ['system', `web-1|10.0.0.1|s1|cpu|1|2|n/a|4|${AT}`, 'bad-number'],
    ['system', `web-1|10.0.0.1|s1|mem|5|3|2|-|${AT}`, 'bad-number'],
    ['alarm', `s1|a|n|d|e|${AT}||${AT}`, 'field-count'],
    ['alarm', `s1|a|n|${AT}||${AT}`, 'field-count'],
    ['alarm', `S1|a|n|d|${AT}||${AT}`, 'foreign-site'],
    ['alarm', `s1||n|d|${AT}||${AT}`, 'empty-field'],
    ['alarm', `s1|a|n|d|||${AT}`, 'bad-time'],
    ['alarm', `s1|a|n|d|${AT}|soon|${AT}`, 'bad-time'],
    ['alarm', `s1|a|n|d|${AT}||`, 'bad-time'],
    ['service', `s1|1|2|3|4|5|6|${AT}`, 'field-count'],
    ['service', `s1|1|2|3|4|5|6|7|8|${AT}`, 'field-count'],
    ['service', `s9|1|2|3|4|5|6|7|${AT}`, 'foreign-site'],
    ['service', 's1|1|2|3|4|5|6|7|10.11.2026', 'bad-time'],
    ['service', `s1|1|2|3|4|N/A|6|7|${AT}`, 'bad-number'],
    ['service', 'site_id|sub_users|unsub_users|a|b|c|d|e|record_time', 'foreign-site'],
  ]
  it.each(cases)('%s: %s (%s) (F32)', (feed, line, reason) => {
    expect(read(feed, `${line}\n`)).toEqual({
      ...{ lines: 1, readings: [], unknown: 0, blank: 0 },
      rejects: [{ reason, text: line }],
    })
  })

  it.each(['NaN', '1e309', '0x10', '-1', '1,5', '１２', ' 5', '5 ', 'Infinity', '1e', '.', '+'])(
    'with %j for a number (F34)',
    (number) => {
      expect(read('system', system(`uptime|${number}`)).rejects).toMatchObject([
        { reason: 'bad-number' },
      ])
    },
  )

  it.each([
    ['-0', 0],
    ['+5', 5],
    ['5.', 5],
    ['.5', 0.5],
    ['1.5e3', 1500],
    ['007', 7],
    ['12345678901234567890', 1.2345678901234567e19],
  ])('not with %s, which is %d (F34)', (text, value) => {
    const [reading] = read('system', system(`uptime|${text}`)).readings
    expect(Object.is(reading?.type === 'uptime' && reading.uptimeSeconds, value)).toBe(true)
  })

  it('when a size is past all numbers only after its unit is applied', () => {
    const reader = readerIn('UTC', { units: 'MiB' })
    const { rejects } = read('system', system('disk|/|1e305|1e305'), reader)
    expect(rejects).toMatchObject([{ reason: 'bad-number' }])
  })

  it('over 64 KiB, once, and what follows it is read (F24)', () => {
    const long = '中'.repeat(MAX_LINE_BYTES)
    const parsed = read('system', `${long}\n${system('uptime|5')}`)
    expect(parsed).toMatchObject({ lines: 2, rejects: [{ reason: 'oversize' }] })
    expect(parsed.readings).toHaveLength(1)
    expect(parsed.rejects[0]?.text).toBe(`${'中'.repeat(200)}…`)
  })

  it('over 64 KiB, shown in the charset of its file, or with what can be read of it', () => {
    const textOf = (line: Buffer) => {
      const bytes = Buffer.concat([iconv.encode('主\n', 'gb18030'), line, Buffer.from('\n')])
      const { rejects } = readLines('alarm', bytes, false, readerIn())
      expect(rejects.map(({ reason }) => reason)).toEqual(['field-count', 'oversize'])
      return rejects[1]!.text
    }
    const words = '告警过高'.repeat(MAX_LINE_BYTES / 4)
    expect(textOf(iconv.encode(words, 'gb18030'))).toBe(`${words.slice(0, 200)}…`)
    // Of a text that either charset could be, the file's own is it.
    const either = Buffer.from('中文'.repeat(MAX_LINE_BYTES / 4))
    expect(textOf(either)).toBe(`${iconv.decode(either, 'gb18030').slice(0, 200)}…`)
    expect(textOf(Buffer.from('中 '.repeat(MAX_LINE_BYTES)))).toBe(`${'中 '.repeat(100)}…`)
    expect(textOf(Buffer.alloc(MAX_LINE_BYTES, 0xff))).toBe(`${'\uFFFD'.repeat(200)}…`)
  })

  it('and shown without its line end, at most 200 characters of it', () => {
    const { rejects } = read('alarm', `${'x'.repeat(200)}\r\n${'y'.repeat(201)}\n`)
    expect(rejects.map(({ text }) => text)).toEqual(['x'.repeat(200), `${'y'.repeat(200)}…`])
  })
})

describe('lines', () => {
  it('that are blank are counted, and are no rejects (F31)', () => {
    for (const feed of ['system', 'alarm', 'service'] as const) {
      expect(read(feed, '\n\r\n  \t\n\uFEFF\n\0\n')).toMatchObject({ lines: 5, blank: 5 })
    }
  })

  it('may end with CRLF; a lone CR is part of its field (F30)', () => {
    const { readings, rejects } = read(
      'alarm',
      `s1|a\rb|n|d|${AT}||${AT}\r\ns1|c|n|d|${AT}||${AT}\r\r\n`,
    )
    expect(readings.map(({ name }) => name)).toEqual(['a\rb'])
    expect(rejects).toMatchObject([{ reason: 'bad-time' }])
  })

  it('have quotes as plain signs', () => {
    const { readings } = read('alarm', `s1|"a|n"|"d|${AT}||${AT}\ns1|b"|n|""|${AT}||${AT}\n`)
    expect(readings.map(({ name, node }) => [name, node])).toEqual([
      ['"a', 'n"'],
      ['b"', 'n'],
    ])
  })

  it('of a repeated hour are told apart by the lines before them (F68)', () => {
    const zone = 'Europe/Berlin'
    const at = (time: string) => `w|1|s1|uptime|1|2026-10-25 ${time}\n`
    const times = ['02:10:00', '02:50:00', '02:10:00', '02:50:00', '03:10:00']
    const { readings } = read('system', times.map(at).join(''), readerIn(zone))
    expect(readings.map((one) => new Date(one.recorded.ms).toISOString().slice(11, 16))).toEqual([
      '00:10',
      '00:50',
      '01:10',
      '01:50',
      '02:10',
    ])
  })

  it('of a skipped hour are taken as if the clock had not been moved (F68)', () => {
    const line = `w|1|s1|uptime|1|2026-03-29 02:30:00\n`
    const [reading] = read('system', line, readerIn('Europe/Berlin')).readings
    expect(reading?.recorded).toEqual({
      text: '2026-03-29 02:30:00',
      ms: Date.parse('2026-03-29T01:30:00Z'),
    })
    expect(new Zone('Europe/Berlin').textOf(reading!.recorded.ms)).toBe('2026-03-29 03:30:00')
  })

  it('with times far away are kept (F66)', () => {
    const { readings } = read('system', system('uptime|1').replace('2026', '1970'))
    expect(readings).toHaveLength(1)
    expect(read('system', system('uptime|1').replace('2026', '9998')).readings).toHaveLength(1)
  })
})
