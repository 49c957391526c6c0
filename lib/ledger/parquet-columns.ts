import type { ReadingOf, SystemReading } from '../parse/feeds.ts'
import type { Day, Feed, Site } from '../site.ts'
import { addDays, DAY_MS } from '../time.ts'

/*
 * The columns of the Parquet archive. docs/archive.md is their public description, and a test holds
 * the two together. People's queries stand on them: a column may be added, never changed.
 */

/**
 * What the cells of a column are. `whole` is a 64-bit integer, `ordinal` a 32-bit one, `number` a
 * double; a `stamp` is the text of a moment as the site wrote it, an `instant` is given as epoch
 * milliseconds, a `date` as days since 1970-01-01.
 */
export type Kind = 'text' | 'stamp' | 'instant' | 'date' | 'ordinal' | 'whole' | 'number' | 'flag'

/** A cell as the writer takes it; undefined is null. */
export type Cell = string | number | bigint | boolean | undefined

/** Where a reading stands. */
export interface ReadingPlace {
  site: Site
  day: Day
  /** Which reading of its site's day it is, from 1. */
  row: number
  /** True for the one line of a service file that counts. */
  stands: boolean
}

/** One column of a feed's table. */
export interface Column<F extends Feed> {
  name: string
  kind: Kind
  nullable: boolean
  cell(reading: ReadingOf[F], place: ReadingPlace): Cell
}

/** The largest 64-bit integer: what is larger in a file is kept as this. */
const MOST_WHOLE = 2n ** 63n - 1n

/** A size or a count as a 64-bit integer: sites may write fractions, which are rounded. */
function whole(value: number): bigint {
  return value >= 2 ** 63 ? MOST_WHOLE : BigInt(Math.round(value))
}

function daysSince1970(day: Day): number {
  return Date.parse(`${day}T00:00:00Z`) / DAY_MS
}

function column<F extends Feed>(name: string, kind: Kind, cell: Column<F>['cell']): Column<F> {
  return { name, kind, nullable: false, cell }
}

function nullable<F extends Feed>(name: string, kind: Kind, cell: Column<F>['cell']): Column<F> {
  return { name, kind, nullable: true, cell }
}

/** A column that readings of one type have. */
function of<T extends SystemReading['type']>(
  type: T,
  name: string,
  kind: Kind,
  cell: (reading: Extract<SystemReading, { type: T }>) => Cell,
): Column<'system'> {
  return nullable(name, kind, (reading) =>
    reading.type === type ? cell(reading as Extract<SystemReading, { type: T }>) : undefined,
  )
}

/** What every table begins with. */
function common<F extends Feed>(): Column<F>[] {
  return [
    column('site', 'text', (_, { site }) => site.id),
    column('row', 'ordinal', (_, { row }) => row),
    column('recorded_at', 'instant', ({ recorded }) => recorded.ms),
    column('recorded_local', 'stamp', ({ recorded }) => recorded.text),
  ]
}

const SYSTEM: Column<'system'>[] = [
  ...common<'system'>(),
  column('server', 'text', ({ server }) => server),
  column('ip', 'text', ({ ip }) => ip),
  column('type', 'text', ({ type }) => type),
  of('cpu', 'cpu_user', 'number', ({ user }) => user),
  of('cpu', 'cpu_system', 'number', ({ system }) => system),
  of('cpu', 'cpu_io', 'number', ({ io }) => io),
  of('cpu', 'cpu_idle', 'number', ({ idle }) => idle),
  of('mem', 'mem_used_bytes', 'whole', ({ used }) => whole(used)),
  of('mem', 'mem_free_bytes', 'whole', ({ free }) => whole(free)),
  of('mem', 'mem_buffer_bytes', 'whole', ({ buffer }) => whole(buffer)),
  of('mem', 'mem_total_bytes', 'whole', ({ total }) => whole(total)),
  of('disk', 'mount', 'text', ({ mount }) => mount),
  of('disk', 'disk_used_bytes', 'whole', ({ used }) => whole(used)),
  of('disk', 'disk_total_bytes', 'whole', ({ total }) => whole(total)),
  of('os', 'os_name', 'text', ({ name }) => name),
  of('os', 'kernel', 'text', ({ kernel }) => kernel),
  of('uptime', 'uptime_seconds', 'number', ({ uptimeSeconds }) => uptimeSeconds),
  of('node', 'node', 'text', ({ node }) => node),
  of('node', 'node_state', 'text', ({ state }) => state),
]

const ALARM: Column<'alarm'>[] = [
  ...common<'alarm'>(),
  column('name', 'text', ({ name }) => name),
  column('node', 'text', ({ node }) => node),
  column('description', 'text', ({ description }) => description),
  column('raised_at', 'instant', ({ raised }) => raised.ms),
  column('raised_local', 'stamp', ({ raised }) => raised.text),
  nullable('recovered_at', 'instant', ({ recovered }) => recovered?.ms),
  nullable('recovered_local', 'stamp', ({ recovered }) => recovered?.text),
]

const SERVICE: Column<'service'>[] = [
  ...common<'service'>(),
  column('counts_of', 'date', (_, { site, day }) =>
    daysSince1970(site.serviceCountsOf === 'dayBefore' ? addDays(day, -1) : day),
  ),
  column('stands', 'flag', (_, { stands }) => stands),
  column('sub_users', 'whole', ({ subscribed }) => whole(subscribed)),
  column('unsub_users', 'whole', ({ unsubscribed }) => whole(unsubscribed)),
  column('total_users', 'whole', ({ totalUsers }) => whole(totalUsers)),
  column('call_times', 'whole', ({ calls }) => whole(calls)),
  column('show_times', 'whole', ({ shows }) => whole(shows)),
  column('mo_times', 'whole', ({ mo }) => whole(mo)),
  column('mt_times', 'whole', ({ mt }) => whole(mt)),
]

/** The columns of each feed's table, in their order. */
export const PARQUET_COLUMNS: { readonly [F in Feed]: readonly Column<F>[] } = {
  system: SYSTEM,
  alarm: ALARM,
  service: SERVICE,
}
