import { isUtf8 } from 'node:buffer'
import type { Row } from './product.ts'
import { instantOf, type OwnZone } from './zones.ts'

/*
 * What the lines of day files mean, worked out apart from the product and as plainly as can be.
 */

/** What became of the lines of a file. */
export interface Classes {
  lines: number
  readings: number
  rejects: number
  unknown: number
  blank: number
}

/** One line about an occurrence. */
interface Seen {
  recordedMs: number
  changedMs: number
  description: string
  recovered: boolean
}

/** One occurrence of an alarm, as all rows together leave it. */
export interface Occurrence {
  name: string
  node: string
  raisedText: string
  raisedMs: number
  description: string
  changedMs: number
  recovered: boolean
  seen: Seen[]
  firstMs: number
  backfilled: boolean
}

export interface Meaning {
  classes: Classes
  occurrences: Map<string, Occurrence>
}

const FIELDS: Record<string, number> = { cpu: 9, mem: 9, disk: 8, os: 7, uptime: 6, node: 7 }
const NUMBER = /^\d+$/

const UTF_8 = new TextDecoder('utf-8', { ignoreBOM: true })
const GB18030 = new TextDecoder('gb18030')

function textOf(line: string): string {
  const bytes = Buffer.from(line, 'latin1')
  return (isUtf8(bytes) ? UTF_8 : GB18030).decode(bytes)
}

/** Reads the rows of one file in order; `into` gathers the occurrences of all files of a site. */
export function meaningOf(
  feed: string,
  rows: readonly Row[],
  zone: OwnZone,
  into: Map<string, Occurrence>,
): Classes {
  const classes = { lines: rows.length, readings: 0, rejects: 0, unknown: 0, blank: 0 }
  let previousMs = Number.NEGATIVE_INFINITY
  for (const row of rows) {
    const ascii = !/[^\0-\x7f]/.test(row.line)
    const fields = (ascii ? row.line : textOf(row.line)).replace(/\r$/, '').split('|')
    fields[0] = fields[0]!.replace(/^[\uFEFF\0]+/, '')
    if (fields.length === 1 && fields[0].trim() === '') {
      classes.blank += 1
      continue
    }
    const site = fields[feed === 'system' ? 2 : 0]
    if (feed === 'system' && site === 's1' && fields.length > 3 && !(fields[3]! in FIELDS)) {
      classes.unknown += 1
      continue
    }
    const usual = { alarm: 7, service: 9, system: FIELDS[fields[3]!] }[feed]
    let good =
      fields.length === usual && site === 's1' && (feed === 'service' || good0(feed, fields))
    const recorded = good ? instantOf(zone, fields.at(-1)!, previousMs) : undefined
    if (recorded === undefined) good = false
    else previousMs = recorded
    if (good && feed === 'service') good = fields.slice(1, 8).every((one) => NUMBER.test(one))
    if (good && feed === 'system') good = fields.slice(4, -1).every((one) => NUMBER.test(one))
    if (good && feed === 'alarm') good = observe(into, fields, recorded!, zone, row)
    classes[good ? 'readings' : 'rejects'] += 1
  }
  return classes
}

/** Names may not be empty. */
function good0(feed: string, fields: readonly string[]): boolean {
  return fields[feed === 'alarm' ? 1 : 0] !== ''
}

/**
 * It stands when nobody ever saw it recovered, or when it was seen to stand after every recovery,
 * by the site's clock as well as when no record is later than its reading.
 */
function stateOf(all: readonly Seen[]) {
  const recoveries = all.filter(({ recovered }) => recovered)
  const others = all.filter(({ recovered }) => !recovered)
  const last = (some: readonly Seen[], time: 'recordedMs' | 'changedMs') =>
    Math.max(...some.map((one) => one[time]))
  const stands =
    last(others, 'recordedMs') > last(recoveries, 'recordedMs') &&
    last(others, 'changedMs') > last(recoveries, 'changedMs')
  const side = stands ? others : recoveries
  const changedMs = last(side, 'changedMs')
  const told = side.filter((one) => one.changedMs === changedMs)
  const description = told
    .map((one) => one.description)
    .sort()
    .at(-1)!
  return { recovered: !stands, changedMs, description }
}

function observe(
  into: Map<string, Occurrence>,
  fields: readonly string[],
  recordedMs: number,
  zone: OwnZone,
  row: Row,
): boolean {
  const [, name, node, description, raisedText, recoveredText] = fields as [string, ...string[]]
  const raisedMs = instantOf(zone, raisedText!, Number.NEGATIVE_INFINITY)
  if (raisedMs === undefined) return false
  if (recoveredText !== '' && instantOf(zone, recoveredText!, 0) === undefined) return false
  const key = `${name} ${node} ${raisedText}`
  const known = into.get(key)
  const changedMs = Math.min(recordedMs, row.readAtMs)
  const one = { recordedMs, changedMs, description: description!, recovered: recoveredText !== '' }
  const seen = [...(known?.seen ?? []), one]
  const first = known && known.firstMs <= row.readAtMs ? known.firstMs : row.readAtMs
  const backfilled = row.via === 'backfill'
  into.set(key, {
    ...{ name: name!, node: node!, raisedText: raisedText!, raisedMs, seen },
    ...stateOf(seen),
    firstMs: first,
    backfilled: !known
      ? backfilled
      : known.firstMs === row.readAtMs
        ? known.backfilled && backfilled
        : first === row.readAtMs
          ? backfilled
          : known.backfilled,
  })
  return true
}
