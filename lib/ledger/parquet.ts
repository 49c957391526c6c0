import { zstdCompressSync } from 'node:zlib'
import { ByteWriter, type ColumnSource, ParquetWriter, type SchemaElement } from 'hyparquet-writer'
import type { ReadingOf } from '../parse/feeds.ts'
import type { Day, Feed, Site } from '../site.ts'
import {
  type Cell,
  type Column,
  type Kind,
  PARQUET_COLUMNS,
  type ReadingPlace,
} from './parquet-columns.ts'

/** What one site gives to a file: the readings of its day in order, in runs that fit the memory. */
export interface SiteReadings<F extends Feed> {
  site: Site
  day: Day
  runs: AsyncIterable<ReadingOf[F][]> | Iterable<ReadingOf[F][]>
  /** Of a service file: the reading that counts, itself one of those in `runs`. */
  standing: ReadingOf[F] | undefined
}

/** UTF-8. */
const TEXT = {
  type: 'BYTE_ARRAY',
  converted_type: 'UTF8',
  logical_type: { type: 'STRING' },
} as const

/** How each kind is written; instants are in UTC, to the millisecond. */
const ELEMENTS: Readonly<Record<Kind, Omit<SchemaElement, 'name'>>> = {
  text: TEXT,
  stamp: TEXT,
  instant: {
    type: 'INT64',
    converted_type: 'TIMESTAMP_MILLIS',
    logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MILLIS' },
  },
  date: { type: 'INT32', converted_type: 'DATE', logical_type: { type: 'DATE' } },
  ordinal: { type: 'INT32' },
  whole: { type: 'INT64' },
  number: { type: 'DOUBLE' },
  flag: { type: 'BOOLEAN' },
}

/**
 * Encodings of what rises from row to row: they make the files of the real week a fourth smaller.
 * For the other kinds the writer decides whether a dictionary pays.
 */
const ENCODINGS: Partial<Record<Kind, NonNullable<ColumnSource['encoding']>>> = {
  ordinal: 'DELTA_BINARY_PACKED',
  instant: 'DELTA_BINARY_PACKED',
  stamp: 'DELTA_BYTE_ARRAY',
}

/** The most rows that a row group holds: 100,000 rows of all columns are some 100 MB of memory. */
const MOST_ROWS = 100_000

/**
 * A row group of at least so many rows ends with its site. Smaller ones would cost more for their
 * own description than a reader wins by skipping them, so small sites share one.
 */
const LEAST_ROWS = 1_000

/** Statistics keep this much of a text: the longest site id whole. */
const STATISTICS_BYTES = 64

/** Rows that wait to become a row group, by column. */
interface Group {
  rows: number
  cells: Cell[][]
}

/**
 * One Parquet file of a feed: zstd, row groups with statistics. Give the sites in the order of
 * their ids; then a reader that wants one site skips the row groups of the others. The same
 * readings give the same bytes. A file without readings is valid and has all columns.
 */
export async function parquetFile<F extends Feed>(
  feed: F,
  sites: AsyncIterable<SiteReadings<F>> | Iterable<SiteReadings<F>>,
): Promise<Uint8Array> {
  const columns: readonly Column<F>[] = PARQUET_COLUMNS[feed]
  const bytes = new ByteWriter()
  const writer = new ParquetWriter({
    writer: bytes,
    schema: schemaOf(columns),
    codec: 'ZSTD',
    compressors: { ZSTD: (page) => zstdCompressSync(page) },
    statisticsTruncateLength: STATISTICS_BYTES,
    createdBy: 'siterounds',
  })
  let group = emptyGroup(columns)
  const end = async () => {
    if (group.rows === 0) return
    const columnData = columns.map(({ name, kind }, at): ColumnSource => {
      const encoding = ENCODINGS[kind]
      return { name, data: group.cells[at]!, ...(encoding && { encoding }) }
    })
    await writer.write({ columnData, rowGroupSize: MOST_ROWS })
    group = emptyGroup(columns)
  }
  for await (const { site, day, runs, standing } of sites) {
    const place = { site, day, row: 0, stands: false }
    for await (const readings of runs) {
      for (const reading of readings) {
        place.row += 1
        place.stands = reading === standing
        addRow(group, columns, reading, place)
        if (group.rows === MOST_ROWS) await end()
      }
    }
    if (group.rows >= LEAST_ROWS) await end()
  }
  await end()
  await writer.finish()
  return bytes.getBytes()
}

function schemaOf(columns: readonly Pick<Column<never>, 'name' | 'kind' | 'nullable'>[]) {
  const elements = columns.map(
    ({ name, kind, nullable }): SchemaElement => ({
      name,
      ...ELEMENTS[kind],
      repetition_type: nullable ? 'OPTIONAL' : 'REQUIRED',
    }),
  )
  return [{ name: 'siterounds', num_children: elements.length }, ...elements]
}

function addRow<F extends Feed>(
  group: Group,
  columns: readonly Column<F>[],
  reading: ReadingOf[F],
  place: ReadingPlace,
): void {
  for (let at = 0; at < columns.length; at += 1) {
    group.cells[at]!.push(columns[at]!.cell(reading, place))
  }
  group.rows += 1
}

function emptyGroup(columns: readonly unknown[]): Group {
  return { rows: 0, cells: columns.map(() => []) }
}
