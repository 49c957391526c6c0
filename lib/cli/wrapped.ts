import { shown } from './table.ts'

/** Columns that text is wrapped at: two less than the narrowest usual terminal. */
export const TEXT_COLUMNS = 78

/** Signs that terminals show two columns wide: Chinese, Japanese, Korean, full-width forms. */
const WIDE = new RegExp(
  [
    '[\\u1100-\\u115F\\u2E80-\\uA4CF\\uAC00-\\uD7A3\\uF900-\\uFAFF\\uFE30-\\uFE6F]',
    '[\\uFF00-\\uFF60\\uFFE0-\\uFFE6\\u{1F300}-\\u{1FAFF}\\u{20000}-\\u{3FFFD}]',
  ].join('|'),
  'u',
)

/** How many columns a terminal shows a text in. */
export function columnsOf(text: string): number {
  let columns = 0
  for (const sign of text) columns += WIDE.test(sign) ? 2 : 1
  return columns
}

/** A text with spaces behind it, up to so many columns. */
export function padded(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - columnsOf(text)))
}

/** A space at which no line is broken; it is printed as a usual one. */
export const KEPT_SPACE = '\u00A0'

/**
 * Text in lines of at most `TEXT_COLUMNS`, each ended: the first begins with `lead`, the others are
 * indented as far. Words are kept whole, and what terminals would obey is made visible. Chinese
 * has no spaces, so a word wider than a line is broken where the line ends.
 */
export function wrapped(text: string, lead = ''): string {
  const indent = ' '.repeat(columnsOf(lead))
  const room = TEXT_COLUMNS - indent.length
  const lines: string[] = []
  let line = ''
  for (const word of shown(text).split(' ')) {
    for (const piece of piecesOf(word, room)) {
      const longer = line === '' ? piece : `${line} ${piece}`
      if (columnsOf(longer) <= room) {
        line = longer
      } else {
        lines.push(line)
        line = piece
      }
    }
  }
  lines.push(line)
  const whole = lines.map((one, index) => `${index === 0 ? lead : indent}${one}\n`).join('')
  return whole.replaceAll(KEPT_SPACE, ' ')
}

function piecesOf(word: string, room: number): string[] {
  if (columnsOf(word) <= room) return [word]
  const pieces = ['']
  for (const sign of word) {
    const last = pieces.length - 1
    if (columnsOf(pieces[last]! + sign) > room) pieces.push(sign)
    else pieces[last] += sign
  }
  return pieces
}
