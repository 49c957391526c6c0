import { describe, expect, it } from 'vitest'
import { oneLine } from '../../lib/text/one-line.ts'

describe('oneLine', () => {
  it.each([
    ['告警 A\u{1f514}', '告警 A\u{1f514}'],
    ['a\r\nb\0c\u2028d\u0085e', 'a b c d e'],
    ['\ta\u202egnp.exe\u2069 ', 'a gnp.exe'],
    ['half \ud83d', 'half'],
    ['', ''],
  ])('makes %j one line', (text, line) => {
    expect(oneLine(text, 100)).toBe(line)
  })

  it('cuts to the length asked for, never through a character', () => {
    expect(oneLine('abcdef', 6)).toBe('abcdef')
    expect(oneLine('abcdefg', 6)).toBe('abcde…')
    const cut = oneLine('\u{1f514}'.repeat(10), 6)
    expect(cut).toBe('\u{1f514}\u{1f514}…')
    expect(cut.isWellFormed()).toBe(true)
  })
})
