import type { Day, Feed, Language } from '../site.ts'

/**
 * Every word of the pages, in one language. Values are plain text, never HTML: what they hold of
 * sites' names is escaped where the page is written. Keys are those of the code (severities,
 * reasons, counts), spelled out here because the ground imports nothing from below it.
 */
export interface Texts {
  language: Language
  /** The language in its own words, for the switch. */
  languageName: string

  units: UnitTexts
  words: WordTexts
  findings: FindingTexts
  navigation: NavigationTexts
  day: DayTexts
  overview: OverviewTexts
  calendar: CalendarTexts
  notFound: { title: string; text: string; home: string }
}

/** Numbers, times and lists. */
export interface UnitTexts {
  /** `2026 年 11 月 10 日` */
  day(day: Day): string
  /** `11-10`, with no year: for links to near days. */
  shortDay(day: Day): string
  /** `2026 年 11 月` */
  month(day: Day): string
  /** 1 is Monday, 7 is Sunday. */
  weekday(number: number): string
  /** As narrow as a calendar's column. */
  narrowWeekday(number: number): string
  /** `15 小时 09 分` */
  duration(ms: number): string
  /** `a、b` or `a, b and c` */
  list(items: readonly string[]): string
}

/** Words for the codes of the program. */
export interface WordTexts {
  severity: Record<'critical' | 'major' | 'minor' | 'warning' | 'unknown', string>
  feed: Record<Feed, string>
  coverage: Record<'complete' | 'partial' | 'late' | 'missing' | 'replaced', string>
  /** What each coverage means, in a sentence; empty for `complete`. */
  coverageMeans: Record<'complete' | 'partial' | 'late' | 'missing' | 'replaced', string>
  /** For a feed that is partial or missing because its day still runs. */
  running: string
  reject: Record<
    'field-count' | 'bad-number' | 'bad-time' | 'empty-field' | 'foreign-site' | 'oversize',
    string
  >
  count: Record<
    'subscribed' | 'unsubscribed' | 'totalUsers' | 'calls' | 'shows' | 'mo' | 'mt',
    string
  >
  level: Record<'bad' | 'warn' | 'note' | 'calm', string>
}

/** A measured thing of a server, as text: `app02 95%`. */
export interface Measured {
  name: string
  percent: string
}

/** Clauses of the verdict; `more` is how many are not named. */
export interface FindingTexts {
  openAlarms(count: number, critical: number, titles: readonly string[]): string
  feeds(coverage: 'partial' | 'late' | 'missing' | 'replaced', names: readonly string[]): string
  disk(named: readonly Measured[], more: number): string
  cpu(named: readonly Measured[], more: number): string
  memory(named: readonly Measured[], more: number): string
  service(direction: 'low' | 'high', names: readonly string[], weekday: string): string
  balance(difference: number): string
  rejects(count: number): string
  /** Findings that a sentence leaves out. */
  more(count: number): string
  /** The whole sentence when there is nothing to say: of a past day, of a running one, of none. */
  calm: string
  calmSoFar: string
  nothingYet: string
  /** Joins clauses to a sentence. */
  sentence(clauses: readonly string[]): string
}

/** What stands around every page. */
export interface NavigationTexts {
  sites: string
  calendar: string
  previousDay: string
  nextDay: string
  skip: string
  /** Before the newest record_time that the page knows. */
  dataUpTo(text: string): string
  noData: string
  downloads: string
}

/** The page of one site and day. */
export interface DayTexts {
  lines(count: number): string
  rejected(count: number): string
  arrival: string
  service: string
  serviceNote: string
  provisional: string
  provisionalMeans: string
  fromYesterday: string
  fromLastWeek: string
  unusual(direction: 'low' | 'high', usual: string): string
  balance: Record<'holds' | 'broken' | 'unknown', string>
  noService: string
  trend(name: string): string
  openAlarms: string
  openAlarmsNote(count: number): string
  noOpenAlarms: string
  severity: string
  alarm: string
  node: string
  raised: string
  standing: string
  moreAlarms(count: number): string
  storm: string
  stormNote(raised: number, recovered: number): string
  stormChart(peak: number): string
  noStorm: string
  revision(number: number): string
  system: SystemTexts
  arrived: ArrivedTexts
  proof: ProofTexts
}

/** The servers of a day page. */
export interface SystemTexts {
  title: string
  note(count: number): string
  none: string
  user: string
  system: string
  io: string
  threshold(percent: string): string
  host: string
  cpu: string
  memory: string
  disks: string
  nodes: string
  upFor(days: string): string
  cpuNumbers(average: string, p95: string, peak: string): string
  memoryNumbers(newest: string, sizes: string): string
  used(used: string, total: string): string
  cpuChart(server: string): string
  memoryChart(server: string): string
  over: string
  coarse(minutes: number): string
  others(count: number): string
}

/** What arrived of a day, feed by feed. */
export interface ArrivedTexts {
  title: string
  note: string
  feed: string
  coverage: string
  lines: string
  readings: string
  rejects: string
  unknown: string
  blank: string
  generation: string
  first: string
  last: string
  none: string
  samples(shown: number, all: number): string
}

/** Whether a day is settled, and what that proved. Times are the site's, `11-11 02:00`. */
export interface ProofTexts {
  title: string
  note: string
  /** At the top of the page: every file of the day is settled. */
  mark: string
  /** The file was compared with the site's. */
  equal(at: string): string
  /** It could not be, because the site had it no more. */
  gone(at: string): string
  absent: string
  due(at: string): string
  reopened(at: string): string
  /** The terms whose sum is the count of lines. */
  term: Record<'readings' | 'rejects' | 'unknown' | 'blank', (count: number) => string>
  bytes(count: number): string
  /** What the long numbers are, and how readers see for themselves. */
  check: string
  /** The last line counted without its newline. */
  tail: string
  /** Size and digest are of the newest generation, `number` counted from 1. */
  newest(number: number): string
}

/** The page of all sites. */
export interface OverviewTexts {
  title: string
  note(sites: number): string
  /** In the place of `note` when only the gravest of all sites are shown. */
  gravest(sites: number, shown: number): string
  /** Where the pages of those are that are not shown. */
  others(address: string): string
  verdict(counts: Record<'bad' | 'warn' | 'note' | 'calm', number>): string
  none: string
  site: string
  state: string
  alarms: string
  calls: string
  worstCpu: string
  worstDisk: string
  arrived: string
  days: string
  dataUpTo: string
}

/** The page of all days of one site. */
export interface CalendarTexts {
  title: string
  note(days: number): string
  none: string
  alarms(count: number): string
}
