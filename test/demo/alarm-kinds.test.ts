import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { ALARM_DICTIONARY_PATH, ALARM_KINDS, alarmDictionaryCsv } from '../../demo/alarm-kinds.ts'

test('the dictionary file holds the kinds that the sample sites write', () => {
  expect(readFileSync(ALARM_DICTIONARY_PATH, 'utf8')).toBe(alarmDictionaryCsv())
})

test('names are unique and no text needs quoting', () => {
  expect(new Set(ALARM_KINDS.map((kind) => kind.name)).size).toBe(ALARM_KINDS.length)
  for (const line of alarmDictionaryCsv().trimEnd().split('\n')) {
    expect(line).toMatch(/^[^,"]+,[^,"]+,[^,"]+,[^,"]+$/)
  }
})
