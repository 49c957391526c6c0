import type { Command } from 'commander'
import { atOnce } from '../at-once.ts'
import { type Feedback, feedbackOf } from '../notify/feedback.ts'
import type { Rounds } from '../pipeline.ts'
import { isoInstant } from '../time.ts'
import { type CommonOptions, overState, printJson, stateCommand } from './command.ts'
import { amount } from './table.ts'
import type { Terminal } from './terminal.ts'
import { wrapped } from './wrapped.ts'

/** Recipients looked up side by side. */
const AT_ONCE = 16

/** Sites of one recipient that are named; the others are counted. */
const MOST_SITES = 5

const HELP = `
SES tells a stack on AWS which mails it could not deliver, and who called one
unwanted; it sends no more to addresses that bounced for good or complained.
What was told within the last 90 days is shown, the newest of each recipient.
Mails by SMTP that bounce come back to mail.from, and are not known here.`

/** `siterounds mail bounces`: recipients that do not get their mails. */
export function addBounces(mail: Command, terminal: Terminal): void {
  stateCommand(mail, 'bounces', 'recipients whose mails came back, and what was said')
    .addHelpText('after', HELP)
    .action((options: CommonOptions) =>
      overState(options, terminal, async (rounds) => {
        const bounces = await bouncesOf(rounds)
        if (options.json) printJson(terminal, bounces.map(bounceJson))
        else print(bounces, rounds, terminal)
      }),
    )
}

/** Feedback of a recipient, with the sites that he or she is mailed about. */
type Bounce = Feedback & { sites: string[] }

/** Every recipient of whom something was told, newest first. */
async function bouncesOf({ settings, table }: Rounds): Promise<Bounce[]> {
  const sitesOf = new Map<string, string[]>()
  for (const { id, recipients } of settings.sites) {
    for (const to of recipients) sitesOf.set(to, [...(sitesOf.get(to) ?? []), id])
  }
  const told = await atOnce(AT_ONCE, [...sitesOf], async ([to, sites]) => {
    const feedback = await feedbackOf(table, to)
    return feedback && { ...feedback, sites }
  })
  return told
    .filter((one) => one !== undefined)
    .sort((one, other) => other.atMs - one.atMs || (one.to < other.to ? -1 : 1))
}

function bounceJson({ to, kind, atMs, why, sites }: Bounce) {
  return { to, kind, at: isoInstant(atMs), why, sites }
}

const WORDS: Readonly<Record<Feedback['kind'], string>> = {
  bounced: 'bounced for good',
  delayed: 'not delivered for the moment',
  complaint: 'called unwanted',
}

function print(bounces: readonly Bounce[], { settings }: Rounds, terminal: Terminal): void {
  for (const { to, kind, atMs, why, sites } of bounces) {
    const more = sites.length > MOST_SITES ? ` and ${sites.length - MOST_SITES} more` : ''
    const of = `${sites.slice(0, MOST_SITES).join(', ')}${more}`
    terminal.out(wrapped(to))
    terminal.out(wrapped(`${WORDS[kind]}, ${isoInstant(atMs)}; mailed about ${of}`, '  '))
    if (why) terminal.out(wrapped(why, '  '))
  }
  terminal.out(
    bounces.length === 0
      ? 'No mail came back.\n'
      : `${amount(bounces.length, 'recipient')} to look after.\n`,
  )
  const { kind, from } = settings.mail
  if (kind !== 'smtp') return
  terminal.err(
    wrapped(`What bounces of mails by SMTP comes back to ${from}, and is not known here.`),
  )
}
