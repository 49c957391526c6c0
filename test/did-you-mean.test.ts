import { expect, test } from 'vitest'
import { didYouMean } from '../lib/did-you-mean.ts'

const KEYS = ['recipients', 'timeZone', 'source', 'cpuPercent', 'id']

test.each([
  ['recipient', 'recipients'],
  ['recipeints', 'recipients'],
  ['timezone', 'timeZone'],
  ['time_zone', 'timeZone'],
  ['surce', 'source'],
  ['cpu', 'cpuPercent'],
  ['ids', 'id'],
])('%s was meant as %s', (word, meant) => {
  expect(didYouMean(word, KEYS)).toBe(meant)
})

test.each(['colour', 'x', 'so', '', 'schedule'])('%s means none of them', (word) => {
  expect(didYouMean(word, KEYS)).toBeUndefined()
})

test('of two that are near the nearer is taken', () => {
  expect(didYouMean('keepDay', ['keepWays', 'keepDays'])).toBe('keepDays')
})
