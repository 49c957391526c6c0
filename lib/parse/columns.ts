import type { ByteUnit, Feed } from '../site.ts'
import type { Zone } from '../time.ts'
import type {
  AlarmReading,
  ReadingOf,
  RejectReason,
  ServiceReading,
  Stamp,
  SystemReading,
} from './feeds.ts'

/** What fields are read with: see `Reader` in readings.ts. */
export interface ColumnReader {
  zone: Zone
  siteIds: ReadonlySet<string>
  units: ByteUnit
  previousMs: number | undefined
  /** The stamp of the line before. */
  previous?: Stamp
}

/** What a line's fields gave. */
export type Read<F extends Feed> = ReadingOf[F] | RejectReason | 'unknown' | 'blank'

/** The reading of one line's fields, or why there is none. The formats: feeds.ts. */
export function readingOf<F extends Feed>(
  feed: F,
  fields: string[],
  reader: ColumnReader,
): Read<F> {
  if (fields.length === 1 && fields[0]!.trim() === '') return 'blank'
  if (feed === 'system') return systemReading(fields, reader) as Read<F>
  if (feed === 'alarm') return alarmReading(fields, reader) as Read<F>
  return serviceReading(fields, reader) as Read<F>
}

/** Fields after the type, of each type: values and the record time. */
const SYSTEM_FIELDS: Readonly<Record<string, number>> = {
  cpu: 5,
  mem: 5,
  disk: 4,
  os: 3,
  uptime: 2,
  node: 3,
}

function systemReading(fields: string[], reader: ColumnReader): Read<'system'> {
  if (fields.length < 4) return 'field-count'
  const [server, ip, siteId] = fields as [string, string, string]
  if (!reader.siteIds.has(siteId)) return 'foreign-site'
  const values = fields.slice(3)
  const type = values[0]!
  if (!Object.hasOwn(SYSTEM_FIELDS, type)) return 'unknown'
  if (values.length - 1 !== SYSTEM_FIELDS[type]) return 'field-count'
  if (server === '') return 'empty-field'
  const recorded = stamp(values[values.length - 1]!, reader)
  if (!recorded) return 'bad-time'
  const head = { server, ip, recorded }
  switch (type as SystemReading['type']) {
    case 'cpu': {
      const [user, system, io, idle] = numbers(values, 1, 5)
      if (idle === undefined) return 'bad-number'
      return { ...head, type: 'cpu', user: user!, system: system!, io: io!, idle }
    }
    case 'mem': {
      const factor = UNIT_BYTES[reader.units]
      const [used, free, buffer, total] = numbers(values, 1, 5, factor)
      if (total === undefined) return 'bad-number'
      return { ...head, type: 'mem', used: used!, free: free!, buffer: buffer!, total }
    }
    case 'disk': {
      const [used, total] = numbers(values, 2, 4, UNIT_BYTES[reader.units])
      if (total === undefined) return 'bad-number'
      return { ...head, type: 'disk', mount: values[1]!, used: used!, total }
    }
    case 'os':
      return { ...head, type: 'os', name: values[1]!, kernel: values[2]! }
    case 'uptime': {
      const [uptimeSeconds] = numbers(values, 1, 2)
      if (uptimeSeconds === undefined) return 'bad-number'
      return { ...head, type: 'uptime', uptimeSeconds }
    }
    case 'node':
      return { ...head, type: 'node', node: values[1]!, state: values[2]! }
  }
}

function alarmReading(fields: string[], reader: ColumnReader): AlarmReading | RejectReason {
  if (fields.length !== 7) return 'field-count'
  const [siteId, name, node, description, raisedText, recoveredText, recordedText] = fields as [
    string,
    string,
    string,
    string,
    string,
    string,
    string,
  ]
  if (!reader.siteIds.has(siteId)) return 'foreign-site'
  if (name === '') return 'empty-field'
  const recorded = stamp(recordedText, reader)
  const raisedMs = reader.zone.parse(raisedText)
  if (!recorded || raisedMs === undefined) return 'bad-time'
  const raised = { text: raisedText, ms: raisedMs }
  if (recoveredText === '') return { name, node, description, raised, recorded }
  const recoveredMs = reader.zone.parse(recoveredText)
  if (recoveredMs === undefined) return 'bad-time'
  const recovered = { text: recoveredText, ms: recoveredMs }
  return { name, node, description, raised, recovered, recorded }
}

function serviceReading(fields: string[], reader: ColumnReader): ServiceReading | RejectReason {
  if (fields.length !== 9) return 'field-count'
  if (!reader.siteIds.has(fields[0]!)) return 'foreign-site'
  const recorded = stamp(fields[8]!, reader)
  if (!recorded) return 'bad-time'
  const counts = numbers(fields, 1, 8)
  if (counts.length < 7) return 'bad-number'
  const [subscribed, unsubscribed, totalUsers, calls, shows, mo, mt] = counts as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  return { subscribed, unsubscribed, totalUsers, calls, shows, mo, mt, recorded }
}

/** Bytes in one of the units a site may write sizes in. */
export const UNIT_BYTES: Readonly<Record<ByteUnit, number>> = {
  bytes: 1,
  KiB: 1024,
  MiB: 1024 ** 2,
}

/**
 * A plain decimal number, with or without an exponent: no signs of infinity, no hexadecimal.
 * No two parts of it can take the same digits, so that a long bad one is not tried in many ways.
 */
const NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?$/

/** The numbers in fields `from` to `to` (not included) times `factor`; cut at the first bad one. */
function numbers(fields: string[], from: number, to: number, factor = 1): number[] {
  const values: number[] = []
  for (let index = from; index < to; index += 1) {
    const text = fields[index]!
    const value = NUMBER.test(text) ? Number(text) * factor : Number.NaN
    if (!(value >= 0 && value < Number.POSITIVE_INFINITY)) return values
    values.push(value + 0)
  }
  return values
}

/**
 * The record time of a line, which also moves the reader on. The lines of one sample share their
 * text, and so their stamp: the same text right behind itself is the same moment, also in a
 * repeated hour.
 */
function stamp(text: string, reader: ColumnReader): Stamp | undefined {
  const { previous } = reader
  if (previous?.text === text && previous.ms === reader.previousMs) return previous
  const ms = reader.zone.parse(text, reader.previousMs)
  if (ms === undefined) return undefined
  reader.previous = { text, ms }
  reader.previousMs = ms
  return reader.previous
}
