import { type CostCase, casePaced, STANDARD_CASE } from './case.ts'
import { type CostRow, type MonthlyCost, monthlyCost } from './model.ts'
import { PRICES_NOTED } from './prices.ts'

/** The fleets of the table: numbers of sites, and minutes from round to round. */
export const TABLE_SITES = [10, 1_000, 100_000]
export const TABLE_PACES = [5, 60, 1_440]

/** Minutes between looks at the pages of the running day, beside them. */
export const TABLE_LOOKS = [60, 240, 1_440]

/** The one of them of which it is told where it goes. */
export const SHOWN_CASE = casePaced(5, 1_000, 240)

/** Figures by their columns: heads, then rows. */
type Grid = string[][]

/** The whole table and where it goes in one case, for a terminal. */
export function costText(): string {
  const fixed = monthlyCost(STANDARD_CASE).fixedUsd
  return [
    `US dollars a month, by list prices of us-east-1 as noted on ${PRICES_NOTED}`,
    '',
    aligned(table()),
    '',
    `and for all of these together, whatever the number of sites: ${usd(fixed)}`,
    '',
    caseText(SHOWN_CASE),
  ].join('\n')
}

/** Where it goes in one case, for a terminal; ends in a line break. */
export function caseText(one: CostCase): string {
  const { rows, optional, variableUsd, fixedUsd } = monthlyCost(one)
  const part = (isFixed: boolean) => lines(rows.filter(({ fixed }) => fixed === isFixed))
  return [
    `Where it goes: ${described(one)}`,
    '',
    aligned([
      ...part(false),
      ['grows with the fleet', usd(variableUsd)],
      ['', ''],
      ...part(true),
      ['whatever the number of sites', usd(fixedUsd)],
      ['', ''],
      ['altogether', usd(variableUsd + fixedUsd)],
      ['', ''],
      ...lines(optional).map(([name, sum]) => [`not in it: ${name}`, sum!]),
    ]),
    '',
  ].join('\n')
}

/** The same two tables for infra/README.md. */
export function costMarkdown(): string {
  const { rows, optional, variableUsd, fixedUsd }: MonthlyCost = monthlyCost(SHOWN_CASE)
  const part = (isFixed: boolean) => lines(rows.filter(({ fixed }) => fixed === isFixed))
  const [heads = [], ...sums] = table()
  return [
    ...markdown(['USD a month', ...heads.slice(1)], sums),
    '',
    `And for any number of sites ${usd(fixedUsd)}. Where it goes with ${described(SHOWN_CASE)}:`,
    '',
    ...markdown(
      ['', 'USD a month'],
      [
        ...part(false),
        ['**grows with the fleet**', `**${usd(variableUsd)}**`],
        ...part(true),
        ['**whatever the number of sites**', `**${usd(fixedUsd)}**`],
        ...lines(optional).map(([name, sum]) => [`*not in it:* ${name}`, sum!]),
      ],
    ),
    '',
  ].join('\n')
}

function table(): Grid {
  const heads = ['', ...TABLE_PACES.map((minutes) => `rounds ${paceText(minutes)}`)]
  const sum = (minutes: number, sites: number, looks: number) =>
    usd(monthlyCost(casePaced(minutes, sites, looks)).variableUsd)
  const rows = TABLE_SITES.flatMap((sites) =>
    TABLE_LOOKS.map((looks) => [
      `${sites.toLocaleString('en-US')} sites, today’s pages ${paceText(looks)}`,
      ...TABLE_PACES.map((minutes) => sum(minutes, sites, looks)),
    ]),
  )
  return [heads, ...rows]
}

/** Rows by what they cost, most first. */
function lines(rows: readonly CostRow[]): Grid {
  return [...rows].sort((one, other) => other.usd - one.usd).map((row) => [row.name, usd(row.usd)])
}

function described({ sites, everyMinutes, reportEveryMinutes, mailsPerSiteDay }: CostCase): string {
  const count = `${sites.toLocaleString('en-US')} site${sites === 1 ? '' : 's'}`
  const mails = `${mailsPerSiteDay} mail${mailsPerSiteDay === 1 ? '' : 's'} a site and day`
  const paces = `rounds ${paceText(everyMinutes)}, pages ${paceText(reportEveryMinutes)}`
  return `${count}, ${paces}, ${mails}`
}

function paceText(minutes: number): string {
  if (minutes === 60) return 'hourly'
  if (minutes === 1_440) return 'daily'
  if (minutes === 1) return 'every minute'
  return minutes < 60 ? `every ${minutes} minutes` : `every ${minutes / 60} hours`
}

/** Cents, and of what is less than one its first digit that counts. */
function usd(sum: number): string {
  const isTiny = sum > 0 && sum < 0.01
  return isTiny
    ? sum.toLocaleString('en-US', { maximumSignificantDigits: 1 })
    : sum.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 })
}

/** The first column to the left, all others to the right. */
function aligned(grid: Grid): string {
  const widths = (grid[0] ?? []).map((_, at) => Math.max(...grid.map((row) => row[at]!.length)))
  return grid
    .map((row) =>
      row
        .map((cell, at) => (at === 0 ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!)))
        .join('   ')
        .trimEnd(),
    )
    .join('\n')
}

function markdown(heads: string[], rows: Grid): string[] {
  const row = (cells: string[]) => `| ${cells.join(' | ')} |`
  return [row(heads), row(heads.map((_, at) => (at === 0 ? '---' : '---:'))), ...rows.map(row)]
}
