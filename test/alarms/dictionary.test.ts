import { describe, expect, it } from 'vitest'
import type { OpenAlarm } from '../../lib/alarms/alarm.ts'
import { described, readDictionary, worstFirst } from '../../lib/alarms/dictionary.ts'

const HEADER = 'alarm_name,severity,text_zh,text_en'
const read = (csv: string) => readDictionary('alarms.csv', csv)
const alarm = (changes: Partial<OpenAlarm> = {}) =>
  ({ site: 's1', name: 'CPU', node: 'n', raisedText: 't', raisedMs: 1, ...changes }) as OpenAlarm

describe('a dictionary', () => {
  it('is read in any order of columns, with BOM, CRLF, quotes and blank lines', () => {
    const csv =
      '\uFEFFseverity,text_en,alarm_name\r\n\r\nCritical,"CPU, too high",CPU\r\nminor,,x\r\n'
    expect([...read(csv)]).toEqual([
      ['CPU', { severity: 'critical', text: { en: 'CPU, too high' } }],
      ['x', { severity: 'minor', text: {} }],
    ])
  })

  it('gives words in the language asked for, or in the other one, or the name itself', () => {
    const dictionary = read(`${HEADER}\nCPU,major,处理器,\ndisk,minor,,Disk\n`)
    const title = (name: string, language: 'en' | 'zh-CN') =>
      described(alarm({ name }), dictionary, language).title
    expect([title('CPU', 'zh-CN'), title('CPU', 'en')]).toEqual(['处理器', '处理器'])
    expect([title('disk', 'zh-CN'), title('constructor', 'en')]).toEqual(['Disk', 'constructor'])
    expect(described(alarm({ name: 'none' }), dictionary, 'en').severity).toBe('unknown')
  })

  it.each([
    ['no header', '', /line 1: the header/],
    ['a header without severity', 'alarm_name,text_en\nCPU,a\n', /line 1: the header/],
    ['an empty name', `${HEADER}\n,major,,\n`, /line 2: the alarm name is empty/],
    ['a line without its name', 'severity,alarm_name\nmajor\n', /line 2: the alarm name is empty/],
    ['a line without its severity', `${HEADER}\na\n`, /line 2: “” is none/],
    ['a severity that is none', `${HEADER}\na,major,,\nb,huge,,\n`, /line 3: “huge” is none/],
    ['a name given twice', `${HEADER}\na,major,,\nb,minor,,\na,minor,,\n`, /line 4: a was given/],
    ['blank lines before the bad one', `${HEADER}\n\n\na,huge,,\n`, /line 4: “huge”/],
    ['a text of two lines before it', `${HEADER}\na,major,"x\ny",\nb,huge,,\n`, /line 4: “huge”/],
    ['a quote that is never closed', `${HEADER}\na,major,"x,\nb,minor,,\n`, /alarms\.csv.*line/],
  ])('with %s says where, in one error', (_, csv, message) => {
    expect(() => read(csv)).toThrow(
      expect.objectContaining({
        code: 'dictionary',
        class: 'stop',
        message: expect.stringMatching(message),
      }),
    )
  })

  it('names every bad line at once', () => {
    expect(() => read(`${HEADER}\na,huge,,\n,major,,\n`)).toThrow(/line 2: .*; line 3: /)
  })
})

it('alarms that are alike in that stand in the order of their names and nodes', () => {
  const all = [
    alarm({ name: 'b', node: 'n' }),
    alarm({ name: 'a', node: 'o' }),
    alarm({ name: 'a', node: 'n' }),
    alarm({ name: 'b', node: 'n', description: 'again' }),
  ]
  const sorted = all.map((one) => described(one, read(HEADER), 'en')).sort(worstFirst)
  expect(sorted.map(({ name, node }) => name + node)).toEqual(['an', 'ao', 'bn', 'bn'])
  expect(sorted[3]!.description).toBe('again')
})

it('alarms are shown worst first, and of equals the one that stood longest', () => {
  const dictionary = read(`${HEADER}\na,warning,,\nb,critical,,\nc,critical,,\n`)
  const all = [
    alarm({ name: 'x' }),
    alarm({ name: 'a' }),
    alarm({ name: 'c', raisedMs: 5 }),
    alarm({ name: 'b', raisedMs: 9 }),
  ]
  const sorted = all.map((one) => described(one, dictionary, 'en')).sort(worstFirst)
  expect(sorted.map(({ name }) => name)).toEqual(['c', 'b', 'a', 'x'])
})
