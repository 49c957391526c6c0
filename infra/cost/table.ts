import { parseArgs } from 'node:util'
import { CADENCES } from '../settings.ts'
import { type CostCase, casePaced } from './case.ts'
import { caseText, costMarkdown, costText } from './figures.ts'

const HELP = `npm run cost -- [options]

What AWS asks for in a month, by list prices and measured requests. Without options: a table for 10,
1,000 and 100,000 sites, and where it goes in one case. With any of these: where it goes in yours.

  --sites N               how many sites; 10 unless it is said
  --every MINUTES         from round to round; 5 unless it is said
  --report-every MINUTES  between looks at pages; as rounds, but at least 60, unless it is said
  --settle-every MINUTES  between looks at past days; likewise
  --mails N               mails about a site in a day; 1 unless it is said
                          (0.2 from 1,000 sites on)
  --languages N           languages of the pages; 2 unless it is said
  --keep-days N           days that records stay in the table; 35 unless it is said
                          (14 from 1,000 sites on)
  --portal-ms N           milliseconds from a request to a site's answer; 100 unless it is said

  --markdown              the table for infra/README.md
  --help                  this text

Minutes are those of the settings in infra/README.md: they divide the hour or the day.
`

const OPTIONS = {
  sites: { type: 'string' },
  every: { type: 'string' },
  'report-every': { type: 'string' },
  'settle-every': { type: 'string' },
  mails: { type: 'string' },
  languages: { type: 'string' },
  'keep-days': { type: 'string' },
  'portal-ms': { type: 'string' },
  markdown: { type: 'boolean' },
  help: { type: 'boolean' },
} as const

/** What one asked for: texts of the command line by the names of the options. */
type Asked = ReturnType<typeof parsed>

function parsed(words: readonly string[]) {
  return parseArgs({ args: [...words], options: OPTIONS }).values
}

/**
 * What `npm run cost` prints when it is called with these words, or, in `error`, what is wrong with
 * them.
 */
export function answer(words: readonly string[]): { text: string } | { error: string } {
  try {
    const asked = parsed(words)
    if (asked.help) return { text: HELP }
    if (asked.markdown) return { text: costMarkdown() }
    return { text: Object.keys(asked).length === 0 ? costText() : caseText(caseOf(asked)) }
  } catch (thrown) {
    return { error: (thrown as Error).message }
  }
}

function caseOf(asked: Asked): CostCase {
  const every = cadence(asked, 'every', 5)
  const standard = casePaced(every, whole(asked, 'sites', 10, 10_000_000))
  return {
    ...standard,
    reportEveryMinutes: cadence(asked, 'report-every', standard.reportEveryMinutes),
    settleEveryMinutes: cadence(asked, 'settle-every', standard.settleEveryMinutes),
    mailsPerSiteDay: mailsOf(asked, standard.mailsPerSiteDay),
    languages: whole(asked, 'languages', standard.languages, MOST_LANGUAGES),
    keepDays: whole(asked, 'keep-days', standard.keepDays, 36_500),
    portalMs: whole(asked, 'portal-ms', standard.portalMs, MOST_SITE_MS),
  }
}

/** Languages that there are texts for. */
const MOST_LANGUAGES = 2

/** A site that is slower is read on by the next round. */
const MOST_SITE_MS = 20_000

/** More than this would be one a minute. */
const MOST_MAILS = 1_440

function cadence(asked: Asked, name: 'every' | 'report-every' | 'settle-every', standard: number) {
  const text = asked[name]
  if (text === undefined) return standard
  const minutes = CADENCES.find((one) => String(one) === text)
  if (minutes !== undefined) return minutes
  throw new Error(`--${name} is one of ${CADENCES.join(', ')} minutes, not “${text}”.`)
}

function whole(
  asked: Asked,
  name: 'sites' | 'languages' | 'keep-days' | 'portal-ms',
  standard: number,
  most: number,
): number {
  const text = asked[name]
  if (text === undefined) return standard
  if (/^\d{1,9}$/.test(text) && +text >= 1 && +text <= most) return +text
  const end = most.toLocaleString('en-US')
  throw new Error(`--${name} is a whole number from 1 to ${end}, not “${text}”.`)
}

function mailsOf({ mails }: Asked, standard: number): number {
  if (mails === undefined) return standard
  if (/^\d{1,4}(\.\d{1,4})?$/.test(mails) && +mails <= MOST_MAILS) return +mails
  throw new Error(`--mails is a number from 0 to 1,440, such as 0.5, not “${mails}”.`)
}

if (import.meta.main) {
  const answered = answer(process.argv.slice(2))
  if ('text' in answered) {
    process.stdout.write(answered.text)
  } else {
    process.stderr.write(`${answered.error}\nnpm run cost -- --help tells what there is.\n`)
    process.exitCode = 2
  }
}
