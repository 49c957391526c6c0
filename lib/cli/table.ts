import Table from 'cli-table3'

/** Where a column's text stands. */
export type Align = 'left' | 'right'

/** A table without frames, its columns aligned by what terminals show (Chinese is two wide). */
export function textTable(
  heads: readonly string[],
  rows: readonly (readonly (string | number)[])[],
  aligns: readonly Align[] = [],
): string {
  const none = Object.fromEntries(
    [
      'top',
      'top-mid',
      'top-left',
      'top-right',
      'bottom',
      'bottom-mid',
      'bottom-left',
      'bottom-right',
      'left',
      'left-mid',
      'mid',
      'mid-mid',
      'right',
      'right-mid',
    ].map((place) => [place, '']),
  )
  const table = new Table({
    head: [...heads],
    chars: { ...none, middle: '  ' },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
    colAligns: heads.map((_, index) => aligns[index] ?? 'left'),
  })
  table.push(...rows.map((row) => row.map((cell) => cut(shown(String(cell))))))
  return `${table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')}\n`
}

/** A cell longer than this would push all others out of sight. */
const MOST_SIGNS = 60

function cut(text: string): string {
  return text.length > MOST_SIGNS ? `${text.slice(0, MOST_SIGNS - 1)}…` : text
}

/** Texts from sites may hold control characters, which a terminal would obey. */
export function shown(text: string): string {
  return text.replace(/[\p{Cc}\u202A-\u202E\u2066-\u2069]/gu, '\uFFFD')
}

/** A count and what is counted: `1 line`, `2,400 lines`. */
export function amount(count: number, noun: string): string {
  return `${counted(count)} ${noun}${count === 1 ? '' : 's'}`
}

/** A count with separators. */
export function counted(count: number): string {
  return count.toLocaleString('en-US')
}
