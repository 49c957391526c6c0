import { RoundsError } from '../errors.ts'
import { type CsvRow, readCsv } from '../parse/csv.ts'
import type { Language } from '../site.ts'
import { type DescribedAlarm, type OpenAlarm, SEVERITIES, type Severity } from './alarm.ts'

/** What the dictionary says of one alarm name. */
export interface DictionaryEntry {
  severity: Severity
  text: Partial<Record<Language, string>>
}

/** Alarm names in words; a name that is not in it shows itself. */
export type Dictionary = ReadonlyMap<string, DictionaryEntry>

/** The columns that a dictionary may have; the first two are needed. */
const COLUMNS = ['alarm_name', 'severity', 'text_zh', 'text_en'] as const

/**
 * Reads a dictionary: CSV with a header of alarm_name, severity, and text_zh and text_en if wanted,
 * in any order. Throws one `stop` error that names every bad line.
 */
export function readDictionary(file: string, csv: string): Dictionary {
  const [header, ...rows] = rowsOf(file, csv)
  const column = (name: (typeof COLUMNS)[number]) => header?.cells.indexOf(name) ?? -1
  const problems: string[] = []
  if (column('alarm_name') < 0 || column('severity') < 0) {
    problems.push(`line 1: the header must name ${COLUMNS.join(',')}`)
  }
  const entries = new Map<string, DictionaryEntry>()
  for (const { cells: row, line } of problems.length > 0 ? [] : rows) {
    const name = row[column('alarm_name')] ?? ''
    const severity = (row[column('severity')] ?? '').toLowerCase()
    const where = `line ${line}`
    if (name === '') problems.push(`${where}: the alarm name is empty`)
    else if (entries.has(name)) problems.push(`${where}: ${name} was given before`)
    else if (!isSeverity(severity)) {
      problems.push(`${where}: “${severity}” is none of ${SEVERITIES.join(', ')}`)
    } else {
      const text = { 'zh-CN': row[column('text_zh')], en: row[column('text_en')] }
      entries.set(name, {
        severity,
        text: { ...(text['zh-CN'] && { 'zh-CN': text['zh-CN'] }), ...(text.en && { en: text.en }) },
      })
    }
  }
  if (problems.length === 0) return entries
  throw badDictionary(file, problems)
}

function rowsOf(file: string, csv: string): CsvRow[] {
  try {
    return readCsv(csv)
  } catch (thrown) {
    throw badDictionary(file, [(thrown as Error).message])
  }
}

function badDictionary(file: string, problems: readonly string[]): RoundsError {
  return new RoundsError(
    'dictionary',
    'stop',
    `${file}: ${problems.join('; ')}.`,
    'Mend these lines of the alarm dictionary.',
  )
}

function isSeverity(text: string): text is Severity {
  return (SEVERITIES as readonly string[]).includes(text)
}

/** An alarm with its words in a language, or in the other one, or its own name. */
export function described(
  alarm: OpenAlarm,
  dictionary: Dictionary,
  language: Language,
): DescribedAlarm {
  const entry = dictionary.get(alarm.name)
  const title = entry?.text[language] ?? entry?.text['zh-CN'] ?? entry?.text.en ?? alarm.name
  return { ...alarm, severity: entry?.severity ?? 'unknown', title }
}

/** Worst first; of equals the one that has stood longest. */
export function worstFirst(one: DescribedAlarm, other: DescribedAlarm): number {
  return (
    SEVERITIES.indexOf(one.severity) - SEVERITIES.indexOf(other.severity) ||
    one.raisedMs - other.raisedMs ||
    byText(one.name, other.name) ||
    byText(one.node, other.node)
  )
}

function byText(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0
}
