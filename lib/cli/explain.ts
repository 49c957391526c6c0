import type { Command } from 'commander'
import type { DescribedAlarm } from '../alarms/alarm.ts'
import { chosenSites } from '../chosen-sites.ts'
import type { Settling } from '../ledger/settling.ts'
import type { Rounds } from '../pipeline.ts'
import { computedNow } from '../rounds/running-day.ts'
import { parseDay } from '../time.ts'
import { type CommonOptions, overState, printJson, stateCommand, usage } from './command.ts'
import { type DayFacts, dayFacts } from './explain-facts.ts'
import { explainFeed } from './explain-feed.ts'
import { type AlarmMail, explainMail, mailSentences, mailsOf } from './explain-mail.ts'
import { many, momentsOf } from './moments.ts'
import { proofJson } from './settle.ts'
import { shown } from './table.ts'
import type { Terminal } from './terminal.ts'
import { padded, wrapped } from './wrapped.ts'

/** `siterounds explain SITE DAY`: why a day is partial or late, why mail was or was not sent. */
export function addExplain(program: Command, terminal: Terminal): void {
  stateCommand(
    program,
    'explain',
    'explain a day: why its coverage is what it is, and why mail was sent or not',
  )
    .argument('<site>', 'the id of a site')
    .argument('<day>', 'YYYY-MM-DD, in the time of the site')
    .action((id: string, dayText: string, options: CommonOptions) =>
      overState(options, terminal, async (rounds) => {
        const day = parseDay(dayText)
        if (!day) {
          throw usage(`“${shown(dayText)}” is no day.`, 'Write it as YYYY-MM-DD: 2026-11-10.')
        }
        const [site] = chosenSites(rounds.settings, [id])
        await computedNow(rounds, site!)
        const explained = explain(await dayFacts(rounds, site!, day), rounds)
        if (options.json) printJson(terminal, explainedJson(explained))
        else printExplained(explained, terminal)
      }),
    )
}

/** Alarms of each state that are named; the others are counted. */
const MOST_NAMED = 5

/** Past mails that are told of one recipient. */
const MOST_MAILS = 5

/** Signs shown of a rejected line: three lines of text. */
const MOST_LINE_SIGNS = 200

type Explained = ReturnType<typeof explain>

/** The facts with what follows from them. */
function explain(facts: DayFacts, { settings }: Rounds) {
  const { alarms, nowMs, zone, day } = facts
  const at = momentsOf(zone, day)
  const { standsForMinutes } = settings.thresholds
  const recipients = (alarms?.notices ?? []).map(({ to, notice }) => {
    const { all, last, open } = alarms!
    const mails = explainMail({ alarms: all, last, open, notice, nowMs, standsForMinutes })
    return {
      to,
      mails,
      sentences: mailSentences(mails, standsForMinutes, at),
      past: mailsOf(notice).slice(0, MOST_MAILS),
    }
  })
  return {
    ...facts,
    at,
    feeds: facts.feeds.map((feed) => ({ ...feed, ...explainFeed(feed, at) })),
    following: followingSentence(facts, at, settings.retention.keepDays),
    recipients,
    way: settings.mail.kind,
  }
}

function followingSentence(
  { followed }: DayFacts,
  at: (ms: number) => string,
  keepDays: number,
): string {
  switch (followed.state) {
    case 'not-begun':
      return 'The day has not begun at the site.'
    case 'runs':
      return 'The day runs; every round reads it.'
    case 'followed':
      return `Rounds read this day until it was read once more after ${at(followed.finalMs)}.`
    case 'settled':
      return `Rounds are done with this day: it was read after ${at(followed.finalMs)}.`
    case 'backfill-only':
      return 'No round follows this day; siterounds backfill reads it (again).'
    case 'gone':
      return `The day is over for more than ${many(keepDays, 'day')} (retention.keepDays).`
  }
}

function printExplained(explained: Explained, terminal: Terminal): void {
  const { site, zone, day, nowMs, feeds, following } = explained
  const name = site.name === site.id ? site.id : `${site.id} ${site.name}`
  const now = zone.textOf(nowMs).slice(0, 'YYYY-MM-DD HH:MM'.length)
  terminal.out(wrapped(`${name}, ${day}. It is ${now} there (${site.timeZone}).`))
  terminal.out(wrapped(following))
  const width = Math.max(...feeds.map(({ feed }) => feed.length)) + 2
  for (const { feed, coverage, sentences, tally } of feeds) {
    terminal.out(`\n${padded(feed, width)}${coverage}\n`)
    for (const one of sentences) terminal.out(wrapped(one, '  - '))
    for (const { reason, text } of tally?.samples ?? []) {
      const line = text.length > MOST_LINE_SIGNS ? `${text.slice(0, MOST_LINE_SIGNS)}…` : text
      terminal.out(wrapped(line, `    ${padded(reason, 'foreign-site'.length)}  `))
    }
  }
  printAlarms(explained, terminal)
}

function printAlarms(explained: Explained, terminal: Terminal): void {
  const { alarms, recipients, at, site, way, nowMs, zone, day } = explained
  if (nowMs < zone.startOf(day)) return
  if (!alarms) {
    terminal.out('\nThe site has no alarm feed: nobody is mailed about it.\n')
    return
  }
  const runs = nowMs < zone.endOf(day)
  const [stand, when] = runs ? ['stand', 'now'] : ['stood', 'at the day’s end']
  const { standing, all } = alarms
  const ended = all.length - standing.length
  terminal.out('\nalarms and mail\n')
  const one = runs ? 'stands' : 'stood'
  const stood =
    standing.length === 0
      ? `No alarm ${one}`
      : many(standing.length, `alarm ${one}`, `alarms ${stand}`)
  const others = many(ended, 'other was', 'others were')
  const over =
    ended > 0 ? `; ${others} raised on the day and ${runs ? 'are over' : 'over by then'}` : ''
  terminal.out(wrapped(`${stood} ${when}${over}.`, '  - '))
  const own = explained.feeds.find(({ feed }) => feed === 'alarm')
  if (own?.intervals.length === 0 && !own.tally) {
    terminal.out(wrapped('That is by the files of other days: this one was not read.', '  - '))
  }
  if (recipients.length === 0) {
    terminal.out(wrapped('Nobody is mailed: the site has no recipients.', '  - '))
    for (const alarm of standing.slice(0, MOST_NAMED)) printAlarm(alarm, at, terminal)
    return
  }
  for (const { addresses, mails, sentences, past } of grouped(explained)) {
    const place = way === 'outbox' ? ' (into the outbox folder)' : ''
    terminal.out(`\n${wrapped(`${addresses.join(', ')}${place}`, '  ')}`)
    for (const one of sentences) terminal.out(wrapped(one, '  - '))
    if (mails.length === 0) terminal.out(wrapped('There was nothing to mail.', '  - '))
    for (const one of named(mails)) printAlarm(one.alarm, at, terminal, one.state)
    if (past.length === 0) {
      terminal.out(wrapped(`No mail about ${site.id} went there yet.`, '  - '))
      continue
    }
    const told = past.map(({ atMs, alarms }) => `${at(atMs)} (${many(alarms, 'alarm')})`)
    terminal.out(wrapped(`Newest mails: ${told.join(', ')}.`, '  - '))
  }
}

/** Recipients of whom just the same is told are told of once. */
function grouped({ recipients, at }: Explained) {
  const groups = new Map<string, (typeof recipients)[number] & { addresses: string[] }>()
  for (const one of recipients) {
    const past = one.past.map(({ atMs, alarms }) => `${at(atMs)} ${alarms}`)
    const key = JSON.stringify([one.mails.map(({ state }) => state), one.sentences, past])
    const group = groups.get(key)
    if (group) group.addresses.push(one.to)
    else groups.set(key, { ...one, addresses: [one.to] })
  }
  return [...groups.values()]
}

/** A few alarms of each state that is about to be or was mailed, or waits. */
function named(mails: readonly AlarmMail[]): AlarmMail[] {
  const seen = new Map<string, number>()
  return mails.filter(({ state }) => {
    if (state === 'brief') return false
    seen.set(state, (seen.get(state) ?? 0) + 1)
    return seen.get(state)! <= MOST_NAMED
  })
}

function printAlarm(
  alarm: DescribedAlarm,
  at: (ms: number) => string,
  terminal: Terminal,
  state = '',
): void {
  const title = alarm.title === alarm.name ? alarm.name : `${alarm.title} (${alarm.name})`
  const node = alarm.node ? ` on ${alarm.node}` : ''
  const lead = state === '' ? '    ' : `    ${padded(state, 'stands-too-short'.length)}  `
  terminal.out(wrapped(`${alarm.severity}: ${title}${node}, raised ${at(alarm.raisedMs)}`, lead))
}

/** The same as data; every time in ISO 8601 with the site's offset. */
function explainedJson(explained: Explained) {
  const { site, zone, day, nowMs, followed, following, feeds, alarms, recipients } = explained
  const iso = (ms: number | undefined) => (ms === undefined ? null : zone.isoOf(ms))
  return {
    site: site.id,
    day,
    timeZone: site.timeZone,
    now: iso(nowMs),
    following: {
      state: followed.state,
      until: 'finalMs' in followed ? iso(followed.finalMs) : null,
      sentence: following,
    },
    feeds: feeds.map(({ feed, coverage, reasons, sentences, holes, tally, ...more }) => ({
      feed,
      coverage,
      reasons,
      sentences,
      readings: more.intervals.map(({ fromMs, toMs, found }) => ({
        from: iso(fromMs),
        to: iso(toMs),
        found,
      })),
      holes: holes.map(({ fromMs, toMs }) => ({ from: iso(fromMs), to: iso(toMs) })),
      newestRecord: iso(tally?.newestMs),
      lines: tally?.lines ?? 0,
      generations: more.generations.map(({ generation, firstReadMs, via }) => ({
        generation,
        firstRead: iso(firstReadMs),
        via,
      })),
      provisional: more.provisional,
      settling: settlingJson(more.settling, iso),
      rejects: { count: tally?.rejects ?? 0, reasons: tally?.reasons ?? {} },
      samples: tally?.samples ?? [],
    })),
    alarms: alarms
      ? {
          at: iso(alarms.atMs),
          standing: alarms.standing.length,
          ofTheDay: alarms.all.length,
        }
      : null,
    mail: recipients.map(({ to, mails, sentences, past }) => ({
      to,
      sentences,
      alarms: mails.map(({ alarm, state, atMs }) => ({
        name: alarm.name,
        node: alarm.node,
        severity: alarm.severity,
        raisedAt: iso(alarm.raisedMs),
        state,
        at: iso(atMs),
      })),
      newestMails: past.map(({ atMs, alarms }) => ({ at: iso(atMs), alarms })),
    })),
  }
}

/** How far a day file is on its way to being settled; `at` is when it was, or when it is due. */
function settlingJson(settling: Settling, iso: (ms: number) => string | null) {
  switch (settling.state) {
    case 'settled':
      return {
        state: settling.state,
        at: iso(settling.proof.readAtMs),
        proof: proofJson(settling.proof),
      }
    case 'due':
      return { state: settling.state, at: iso(settling.dueMs), proof: null }
    default:
      return { state: settling.state, at: iso(settling.settledMs), proof: null }
  }
}
