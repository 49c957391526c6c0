import { isUnchanged, type KeyChange, type SettingsChanges } from '../settings-changes.ts'
import { oneLine } from '../text/one-line.ts'
import { amount, counted } from './table.ts'
import { columnsOf, padded, TEXT_COLUMNS, wrapped } from './wrapped.ts'

/** Of thousands of sites so many of a kind are shown; the others are counted. */
const SHOWN = 20

/** Signs of a value that are shown: a long one would hide everything else. */
const MOST_VALUE = 120

/** The differences between two versions of settings as people read them; empty without any. */
export function changesText(changes: SettingsChanges): string {
  if (isUnchanged(changes)) return ''
  const { added, removed, changed, common } = changes
  const blocks = [
    block('Added', added, (site, width) => siteLine('+', site, width)),
    block('Removed', removed, (site, width) => siteLine('-', site, width)),
    block('Changed', changed, (site, width) => siteLine('~', site, width) + keyLines(site.keys)),
    common.length > 0 ? `For all sites\n${keyLines(common)}` : '',
  ]
  return blocks.filter(Boolean).join('\n')
}

/** The differences in a few words, such as `2 sites added, 1 changed`. */
export function changesSummary({ added, removed, changed, common }: SettingsChanges): string {
  const parts = [
    [added.length, 'added'],
    [removed.length, 'removed'],
    [changed.length, 'changed'],
  ] as const
  const sites = parts
    .filter(([count]) => count > 0)
    .map(([count, what], index) =>
      index === 0 ? `${amount(count, 'site')} ${what}` : `${counted(count)} ${what}`,
    )
  const keys = common.length > 0 ? [`${amount(common.length, 'setting')} of all sites changed`] : []
  return [...sites, ...keys].join(', ')
}

/** The differences as others' scripts get them: whole, values read. */
export function changesJson({ added, removed, changed, common }: SettingsChanges) {
  return {
    added,
    removed,
    changed: changed.map((site) => ({ ...site, keys: site.keys.map(keyJson) })),
    common: common.map(keyJson),
  }
}

function keyJson({ key, from, to }: KeyChange) {
  const value = (text: string | undefined) => (text === undefined ? null : JSON.parse(text))
  return { key, from: value(from), to: value(to) }
}

function block<Own extends { id: string }>(
  head: string,
  sites: readonly Own[],
  lineOf: (site: Own, width: number) => string,
): string {
  if (sites.length === 0) return ''
  const shown = sites.slice(0, SHOWN)
  const width = Math.max(...shown.map(({ id }) => id.length))
  const left = sites.length - shown.length
  const more = left > 0 ? `    and ${counted(left)} more\n` : ''
  return `${head}\n${shown.map((site) => lineOf(site, width)).join('')}${more}`
}

function siteLine(sign: string, { id, name }: { id: string; name: string }, width: number): string {
  const lead = `  ${sign} ${padded(id, width)}`
  return name === id ? `${lead.trimEnd()}\n` : wrapped(name, `${lead}  `)
}

function keyLines(keys: readonly KeyChange[]): string {
  return keys.map(keyLine).join('')
}

/** Old and new on one line where they fit, else below one another; of lists, what came and went. */
function keyLine({ key, from, to }: KeyChange): string {
  const lists = [from, to].map(listOf)
  const [old, own] = [from, to].map((text) => (text === undefined ? '(not set)' : cut(text)))
  const lead = `      ${key}: `
  const line = `${lead}${old} -> ${own}`
  const isCut = [from, to].some((text) => text !== undefined && text.length > MOST_VALUE)
  if (!isCut && columnsOf(line) <= TEXT_COLUMNS) return wrapped(`${old} -> ${own}`, lead)
  const [oldList, ownList] = lists
  const lines =
    oldList && ownList ? itemLines(oldList, ownList) : [wrapped(old!, LESS), wrapped(own!, MORE)]
  return `      ${key}:\n${lines.join('')}`
}

const [LESS, MORE] = ['        - ', '        + ']

function itemLines(old: readonly string[], own: readonly string[]): string[] {
  const lines = [...someLines(LESS, old, own), ...someLines(MORE, own, old)]
  return lines.length > 0 ? lines : ['        in another order\n']
}

/** The items that the other list does not have. */
function someLines(lead: string, all: readonly string[], others: readonly string[]): string[] {
  const known = new Set(others)
  const items = all.filter((item) => !known.has(item))
  const left = items.length - SHOWN
  const lines = items.slice(0, SHOWN).map((item) => wrapped(cut(item), lead))
  return left > 0 ? [...lines, wrapped(`and ${counted(left)} more`, lead)] : lines
}

/** The items of a list, each as JSON; undefined for another value. */
function listOf(text: string | undefined): string[] | undefined {
  const value: unknown = text === undefined ? undefined : JSON.parse(text)
  return Array.isArray(value) ? value.map((item) => JSON.stringify(item)) : undefined
}

function cut(text: string): string {
  return oneLine(text, MOST_VALUE)
}
