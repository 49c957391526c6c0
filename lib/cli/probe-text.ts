import type { Step } from '../fetch/reach.ts'
import { en } from '../text/en.ts'
import { byteSize } from '../text/units.ts'
import { many } from './moments.ts'
import type { FirstLine, FoundFeed, ProbedFeed } from './probe-feed.ts'
import { shown } from './table.ts'
import type { Terminal } from './terminal.ts'
import { KEPT_SPACE, padded, wrapped } from './wrapped.ts'

/** Width of the words `ok`, `FAILED`, and of the names of steps. */
const VERDICT_COLUMNS = 8
const STEP_COLUMNS = 12

/** Signs shown of a rejected line. */
const MOST_LINE_SIGNS = 160

/** A field this short is not broken: times are. */
const MOST_KEPT_SIGNS = 32

/** Prints one step of the way to the site. */
export function printStep({ step, ok, detail, hint }: Step, terminal: Terminal): void {
  const lead = padded(ok ? 'ok' : 'FAILED', VERDICT_COLUMNS) + padded(step, STEP_COLUMNS)
  terminal.out(wrapped(detail, lead))
  // An option stays with its value, so that both can be copied at once.
  const kept = hint?.replace('--allow ', `--allow${KEPT_SPACE}`)
  if (!ok && kept) terminal.out(wrapped(kept, ' '.repeat(lead.length)))
}

/** True when a feed was found and its lines were understood, or there are none to understand. */
export function isFine({ found }: ProbedFeed): boolean {
  if (!found) return false
  const { lines, readings, blank } = found.counts
  return readings > 0 || lines === blank
}

/** Prints what was found of a feed. */
export function printFeed(probed: ProbedFeed, hint: string, terminal: Terminal): void {
  const { feed, path, found, absent, error } = probed
  const verdict = isFine(probed) ? 'ok' : 'FAILED'
  const lead = padded(verdict, VERDICT_COLUMNS) + padded(feed, STEP_COLUMNS)
  const indent = ' '.repeat(lead.length)
  terminal.out('\n')
  if (error) terminal.out(wrapped(error.message, lead))
  else if (!found) terminal.out(wrapped(`absent on ${daysText(absent)}`, lead))
  else terminal.out(wrapped(foundText(found, absent), lead))
  if (!error) terminal.out(wrapped(path, indent))
  if (hint) terminal.out(wrapped(hint, indent))
  if (!found) return
  terminal.out(wrapped(countsText(found), indent))
  for (const [index, line] of found.first.entries()) {
    terminal.out(wrapped(lineText(line), `${indent}${index + 1}  `))
  }
}

function foundText(found: FoundFeed, absent: readonly string[]): string {
  const { day, bytes, whole, sizeBytes, charset, lineEnds, unfinished } = found
  const size = sizeBytes === undefined ? 'more than that' : byteSize(sizeBytes)
  const read = whole ? byteSize(bytes) : `the first ${byteSize(bytes)} of ${size} read`
  const ends = lineEnds === 'none' ? 'no line ends' : `line ends ${lineEnds}`
  const parts = [`found ${day}`, read, charset, ends]
  if (unfinished) parts.push('last line not ended yet')
  const before = absent.length > 0 ? ` (absent on ${daysText(absent)})` : ''
  return `${parts.join(', ')}${before}`
}

/** Newest first: `2026-11-10`, or `2026-11-10 and back to 2026-11-03`. */
function daysText(days: readonly string[]): string {
  const [first, last] = [days[0], days.at(-1)]
  return first === last ? String(first) : `${first} and back to ${last}`
}

function countsText({ counts, reasons }: FoundFeed): string {
  if (counts.lines === 0) return 'The file is empty.'
  const why = Object.entries(reasons).map(
    ([reason, count]) => `${en.words.reject[reason as keyof typeof reasons]} ${count}`,
  )
  const parts = [
    many(counts.readings, 'reading'),
    `${many(counts.rejects, 'reject')}${why.length > 0 ? ` (${why.join(', ')})` : ''}`,
    `${counts.unknown} unknown`,
    `${counts.blank} blank`,
  ]
  return `${many(counts.lines, 'line')}: ${parts.join(', ')}`
}

function unbroken(text: string): string {
  return text.replaceAll(' ', KEPT_SPACE)
}

function lineText(line: FirstLine): string {
  switch (line.kind) {
    case 'reading':
      return line.fields
        .map(([name, value]) => `${name}=${value}`)
        .map((field) => (field.length > MOST_KEPT_SIGNS ? field : unbroken(field)))
        .join(' ')
    case 'reject': {
      const { reason, text } = line.reject
      return `rejected, ${en.words.reject[reason]}: ${shown(text.slice(0, MOST_LINE_SIGNS))}`
    }
    case 'unknown':
      return 'of a type that is unknown here: kept and counted'
    case 'blank':
      return 'blank'
  }
}
