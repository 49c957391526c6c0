import { expect, it } from 'vitest'
import { reasonIn } from './reason.ts'

it.each([
  ['', 'it printed nothing'],
  ['one\n two \n\n', 'two'],
  ['Exception in thread "main" x\n\tat y\n', 'Exception in thread "main" x'],
  ['after a NewConnectionError\nERROR: no such version\nbye', 'ERROR: no such version'],
  [`Error: ${'x'.repeat(1_000)}`, `Error: ${'x'.repeat(293)}`],
])('of %j the reason is %j', (output, reason) => {
  expect(reasonIn(output)).toBe(reason)
})
