import type { Severity } from '../../alarms/alarm.ts'
import type { Level } from '../../figures/verdict.ts'
import type { Coverage } from '../../ledger/coverage.ts'
import type { Html } from '../../text/html.ts'
import { html } from '../../text/html.ts'
import type { Texts } from '../../text/texts.ts'

/** Marks differ in shape and have a word: colour alone tells nothing to many readers. */

const LEVEL_SHAPES: Readonly<Record<Level, string>> = {
  bad: '■',
  warn: '▲',
  note: '◆',
  calm: '●',
}

const COVERAGE_LEVELS: Readonly<Record<Coverage, Level>> = {
  complete: 'calm',
  late: 'note',
  partial: 'warn',
  replaced: 'warn',
  missing: 'bad',
}

/** The shape of a level; the word must stand beside it. */
export function levelShape(level: Level): Html {
  return html`<i class="shape ${level}" aria-hidden="true">${LEVEL_SHAPES[level]}</i>`
}

/** The level of what arrived; while the day runs, what is not there yet is no fault. */
export function coverageLevel(coverage: Coverage, running: boolean): Level {
  return running && (coverage === 'partial' || coverage === 'missing')
    ? 'note'
    : COVERAGE_LEVELS[coverage]
}

/** The word for what arrived. */
export function coverageWord(coverage: Coverage, running: boolean, texts: Texts): string {
  return running && coverage === 'partial' ? texts.words.running : texts.words.coverage[coverage]
}

/** A severity: its colour as a small square, and its word. */
export function severityMark(severity: Severity, texts: Texts): Html {
  return html`<i class="square s-${severity}"></i>${texts.words.severity[severity]}`
}
