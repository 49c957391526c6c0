import type { FindingTexts, Measured, Texts, UnitTexts } from './texts.ts'
import { durationParts, groupedNumber, twoDigits } from './units.ts'

const WEEKDAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday']

const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
]

const monthName = (day: string) => MONTHS[Number(day.slice(5, 7)) - 1] ?? ''

const units: UnitTexts = {
  day: (day) => `${Number(day.slice(8))} ${monthName(day)} ${day.slice(0, 4)}`,
  shortDay: (day) => `${Number(day.slice(8))} ${monthName(day).slice(0, 3)}`,
  month: (day) => `${monthName(day)} ${day.slice(0, 4)}`,
  weekday: (number) => WEEKDAYS[number - 1] ?? '',
  narrowWeekday: (number) => (WEEKDAYS[number - 1] ?? '').slice(0, 2),
  duration: (ms) => {
    const { days, hours, minutes } = durationParts(ms)
    // After a week nobody counts hours.
    if (days >= 7) return `${days} d`
    if (days > 0) return `${days} d ${twoDigits(hours)} h`
    return hours > 0 ? `${hours} h ${twoDigits(minutes)} min` : `${minutes} min`
  },
  list: (items) =>
    items.length < 2 ? items.join() : `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`,
}

const findings: FindingTexts = {
  openAlarms: (count, critical, titles) => {
    const open = `${plural(count, 'alarm')} still open`
    return critical > 0
      ? `${open}, ${groupedNumber(critical)} critical (${titles.join(', ')})`
      : open
  },
  feeds: (coverage, names) => {
    const is = names.length > 1 ? 'are' : 'is'
    const state = {
      missing: `${is} missing`,
      partial: `${is} incomplete`,
      late: 'came late',
      replaced: names.length > 1 ? 'were replaced' : 'was replaced',
    }
    return `${units.list(names)} data ${state[coverage]}`
  },
  disk: measured('disk on', 'is full to', 'disks are nearly full'),
  cpu: measured('CPU of', 'averaged', 'servers had a busy CPU all day'),
  memory: measured('memory of', 'is used to', 'servers are short of memory'),
  service: (direction, names, weekday) =>
    `${units.list(names)} far ${direction === 'low' ? 'below' : 'above'} the usual ${weekday}`,
  balance: (difference) =>
    `total users off by ${groupedNumber(Math.abs(difference))} from yesterday's plus and minus`,
  rejects: (count) => `${plural(count, 'line')} not understood`,
  more: (count) => `${count} more to look at`,
  calm: 'All calm.',
  calmSoFar: 'All calm so far.',
  nothingYet: 'No data yet today.',
  sentence: (clauses) => {
    const text = clauses.join('; ')
    return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
  },
}

function measured(what: string, says: string, many: string): FindingTexts['cpu'] {
  return (named: readonly Measured[], more: number) => {
    const [first] = named
    if (first && named.length === 1 && more === 0) {
      return `${what} ${first.name} ${says} ${first.percent}`
    }
    const names = named.map(({ name, percent }) => `${name} ${percent}`).join(', ')
    return `${named.length + more} ${many} (${names}${more > 0 ? `, and ${more} more` : ''})`
  }
}

function plural(count: number, noun: string): string {
  return `${groupedNumber(count)} ${noun}${count === 1 ? '' : 's'}`
}

/** English. */
export const en: Texts = {
  language: 'en',
  languageName: 'English',
  units,
  findings,
  words: {
    severity: {
      critical: 'Critical',
      major: 'Major',
      minor: 'Minor',
      warning: 'Warning',
      unknown: 'Unknown',
    },
    feed: { system: 'System', alarm: 'Alarm', service: 'Service' },
    coverage: {
      complete: 'complete',
      partial: 'incomplete',
      late: 'late',
      missing: 'missing',
      replaced: 'replaced',
    },
    coverageMeans: {
      complete: '',
      partial: 'Not the whole day arrived: it stops early or has a hole.',
      late: 'All of it arrived, but after its time.',
      missing: 'Nothing arrived.',
      replaced: 'The site replaced or cut this file; the lines received before are kept.',
    },
    running: 'under way',
    reject: {
      'field-count': 'wrong number of fields',
      'bad-number': 'not a number',
      'bad-time': 'not a time',
      'empty-field': 'a required field is empty',
      'foreign-site': 'belongs to another site',
      oversize: 'line too long',
    },
    count: {
      subscribed: 'New users',
      unsubscribed: 'Users left',
      totalUsers: 'Total users',
      calls: 'Calls',
      shows: 'Signatures shown',
      mo: 'MO',
      mt: 'MT',
    },
    level: { bad: 'Act', warn: 'Look', note: 'Note', calm: 'Calm' },
  },
  navigation: {
    sites: 'All sites',
    calendar: 'Calendar',
    previousDay: 'previous day',
    nextDay: 'next day',
    skip: 'Skip to content',
    dataUpTo: (text) => `Data up to ${text}`,
    noData: 'No data yet',
    downloads: 'Download',
  },
  day: {
    lines: (count) => plural(count, 'line'),
    rejected: (count) => `${groupedNumber(count)} not understood`,
    arrival: 'What arrived',
    service: 'Service',
    serviceNote: 'counts of the day, with the last 30 days',
    provisional: 'provisional',
    provisionalMeans: 'The site has not finished this line yet; the value may change.',
    fromYesterday: 'yesterday',
    fromLastWeek: 'last week',
    unusual: (direction, usual) =>
      `${direction === 'low' ? 'Low' : 'High'}: weekday median ${usual}`,
    balance: {
      holds: 'Balanced: total = yesterday + new − left',
      broken: 'Not balanced: total ≠ yesterday + new − left',
      unknown: '',
    },
    noService: 'No service counts for this day.',
    trend: (name) => `${name}, the last 30 days`,
    openAlarms: 'Open alarms',
    openAlarmsNote: (count) => `${groupedNumber(count)}, worst first`,
    noOpenAlarms: 'No alarm is open.',
    severity: 'Severity',
    alarm: 'Alarm',
    node: 'Node',
    raised: 'Raised',
    standing: 'Standing for',
    moreAlarms: (count) => `${plural(count, 'lesser alarm')} more, not listed.`,
    storm: 'Alarms of the day',
    stormNote: (raised, recovered) =>
      `${groupedNumber(raised)} raised, ${groupedNumber(recovered)} recovered; each hour`,
    stormChart: (peak) =>
      `Alarms raised each hour, stacked by severity; at most ${groupedNumber(peak)} in an hour`,
    noStorm: 'No alarm was raised on this day.',
    revision: (number) => `revision ${number}`,
    system: {
      title: 'Servers',
      note: (count) => groupedNumber(count),
      none: 'No server data for this day.',
      user: 'user',
      system: 'system',
      io: 'I/O',
      threshold: (percent) => `dashed line ${percent}`,
      host: 'Host',
      cpu: 'CPU',
      memory: 'Memory',
      disks: 'Disks',
      nodes: 'Nodes',
      upFor: (duration) => `up ${duration}`,
      cpuNumbers: (average, p95, peak) => `avg ${average} · p95 ${p95} · peak ${peak}`,
      memoryNumbers: (newest, sizes) => `${newest} · ${sizes}`,
      used: (used, total) => `${used} of ${total} used`,
      cpuChart: (server) => `CPU of ${server} over the day`,
      memoryChart: (server) => `Memory of ${server} over the day`,
      over: 'over the threshold',
      coarse: (minutes) => `many servers: curves are means of ${minutes} minutes`,
      others: (count) => `${groupedNumber(count)} more, without curves`,
    },
    arrived: {
      title: 'What arrived',
      note: 'lines = readings + not understood + unknown type + blank',
      feed: 'File',
      coverage: 'State',
      lines: 'Lines',
      readings: 'Readings',
      rejects: 'Not understood',
      unknown: 'Unknown type',
      blank: 'Blank',
      generation: 'Generation',
      first: 'First received',
      last: 'Last received',
      none: 'none',
      samples: (shown, all) =>
        all > shown ? `Lines not understood (${shown} of ${all})` : `Lines not understood (${all})`,
    },
    proof: {
      title: 'Settled',
      note: 'after the day each file is read once more, whole, compared, and archived',
      mark: 'Settled and archived',
      equal: (at) => `Settled ${at}, equal to the file at the site, byte for byte.`,
      gone: (at) => `Settled ${at} as it was received: at the site the file was gone or empty.`,
      absent: 'The site had no such file when it was to be settled.',
      due: (at) => `Not settled yet: due from ${at} on.`,
      reopened: (at) => `Settled ${at}, but more has come since: it will be settled again.`,
      term: {
        readings: (count) => plural(count, 'reading'),
        rejects: (count) => `${groupedNumber(count)} not understood`,
        unknown: (count) => `${groupedNumber(count)} of unknown type`,
        blank: (count) => `${groupedNumber(count)} blank`,
      },
      bytes: (count) => plural(count, 'byte'),
      check: 'The last line of each is its SHA-256, as sha256sum prints it: compare for yourself.',
      tail: 'the last line has no newline and is counted',
      newest: (number) => `size and SHA-256 are of generation ${number}, the newest`,
    },
  },
  overview: {
    title: 'All sites',
    note: (sites) => `${plural(sites, 'site')}, those that need you first`,
    gravest: (sites, shown) =>
      `${plural(sites, 'site')}; shown are the ${groupedNumber(shown)} that need you most`,
    others: (address) => `Every site has its pages at ${address}, also those not shown here.`,
    verdict: ({ bad, warn, note, calm }) => {
      if (bad + warn === 0) return 'All sites are calm.'
      const clauses = [
        bad > 0 && `${plural(bad, 'site')} ${bad === 1 ? 'needs' : 'need'} action`,
        warn > 0 && `${groupedNumber(warn)} worth a look`,
        calm + note > 0 && `${groupedNumber(calm + note)} calm`,
      ].filter((clause) => clause !== false)
      return `${clauses.join('; ')}.`
    },
    none: 'No site has reported yet.',
    site: 'Site',
    state: 'State',
    alarms: 'Open alarms',
    calls: 'Calls',
    worstCpu: 'Busiest CPU',
    worstDisk: 'Fullest disk',
    arrived: 'Arrived',
    days: 'Latest days',
    dataUpTo: 'Data up to',
  },
  calendar: {
    title: 'Calendar',
    note: (days) => `${plural(days, 'day')} with a report`,
    none: 'No reports yet.',
    alarms: (count) => `${groupedNumber(count)} open`,
  },
  notFound: {
    title: 'No such page',
    text: 'The address may be wrong, or there is no report of that day.',
    home: 'See all sites',
  },
}
