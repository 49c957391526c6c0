import { parse } from 'csv-parse/sync'

/** A row of a CSV file, and the line of the file on which it ends, counted from 1. */
export interface CsvRow {
  cells: string[]
  line: number
}

/**
 * Rows of a CSV file that people edit: commas, quotes where needed, any line ends, maybe a BOM.
 * Throws csv-parse's error, which names the line, for text that is no CSV.
 */
export function readCsv(text: string): CsvRow[] {
  const rows = parse(text, {
    bom: true,
    relax_column_count: true,
    skip_empty_lines: true,
    trim: true,
    info: true,
  }) as unknown as { record: string[]; info: { lines: number } }[]
  return rows.map(({ record, info }) => ({ cells: record, line: info.lines }))
}
