import { type Dictionary, readDictionary } from '../alarms/dictionary.ts'
import { RoundsError } from '../errors.ts'
import { withDeadline } from '../fetch/deadline.ts'
import { lazySource } from '../fetch/lazy-source.ts'
import type { Source } from '../fetch/source.ts'
import type { Log } from '../log.ts'
import { lazyMailer } from '../mail/lazy-mailer.ts'
import type { Mailer } from '../mail/mailer.ts'
import type { Rounds } from '../pipeline.ts'
import { type Chance, systemChance } from '../random.ts'
import type { MailSettings, Settings, Site } from '../site.ts'
import { type Secrets, withSecrets } from '../site-secrets.ts'
import { dynamodbTable } from '../store/dynamodb.ts'
import { lazyObjects } from '../store/lazy-objects.ts'
import type { Objects } from '../store/objects.ts'
import type { Table } from '../store/table.ts'
import { type Clock, MINUTE_MS, systemClock } from '../time.ts'

/** Where the parts of a deployed stack are. A function is told of those that it may use. */
export interface AwsPlaces {
  table: string
  archive?: string
  pages?: string
  /** The secret that holds the passwords of sites and mail servers. */
  secret?: string
  configurationSet?: string
  /** Where readers find the report site; it counts where the settings name none. */
  publicUrl?: string
}

/** What all rounds of a process share: opened once, and kept while it is warm. */
export interface AwsPorts {
  table: Table
  archive: Objects
  pages: Objects
  secrets(): Promise<Secrets>
  places: AwsPlaces
  chance: Chance
}

/** Secrets are read again after so long: somebody may have changed a password. */
const SECRETS_MS = 5 * MINUTE_MS

/** Opens the ports of a stack; clients take region, keys and endpoints from the environment. */
export function openPorts(
  places: AwsPlaces,
  chance: Chance = systemChance,
  clock: Clock = systemClock,
): AwsPorts {
  const bucket = (name: string | undefined, what: string) =>
    lazyObjects(async () => {
      if (!name) throw notGiven(what)
      return (await import('../store/s3.ts')).s3Objects(name)
    })
  return {
    ...{ places, chance },
    table: dynamodbTable(places.table, chance),
    archive: bucket(places.archive, 'archive'),
    pages: bucket(places.pages, 'report site'),
    secrets: keptFor(SECRETS_MS, clock, async () => {
      if (!places.secret) throw notGiven('secrets')
      return (await import('../store/secret-values.ts')).secretValues(places.secret)
    }),
  }
}

/** How the rounds of a job differ from others. */
export interface RoundsOptions {
  clock: Clock
  log: Log
  /** How long all that is read of a site may take, in milliseconds; absent for no limit. */
  siteMs?: () => number
}

/** The rounds of a stack, for the sites in these settings. */
export async function awsRounds(
  ports: AwsPorts,
  settings: Settings,
  { clock, log, siteMs }: RoundsOptions,
): Promise<Rounds> {
  const { table, archive, pages, chance, places } = ports
  const { publicUrl } = places
  const report = { ...(publicUrl && { publicUrl }), ...settings.report }
  return {
    ...{ table, archive, pages, clock, chance, log },
    foldLater: true,
    settings: { ...settings, report },
    mailer: mailerOf(ports, settings.mail),
    openSource: (site) => {
      const source = lazySource(() => openSource(ports, site))
      return siteMs === undefined ? source : withDeadline(source, siteMs())
    },
    dictionary: await dictionaryIn(archive, settings),
  }
}

/** Its driver is loaded when the first file is read, and a missing secret fails this site alone. */
async function openSource({ secrets, chance }: AwsPorts, { source }: Site): Promise<Source> {
  if (source.kind === 'http') {
    const { httpSource } = await import('../fetch/http.ts')
    return httpSource(await withSecrets(source, secrets), { chance })
  }
  throw new RoundsError(
    'source-kind',
    'skip',
    'A site on AWS cannot be read from a folder.',
    'Give it a source of kind http.',
  )
}

function mailerOf({ secrets, places }: AwsPorts, mail: MailSettings): Mailer {
  return lazyMailer(async () => {
    if (mail.kind === 'smtp') {
      const { SMTP_LIMITS_ON_AWS, smtpMailer } = await import('../mail/smtp.ts')
      return smtpMailer(await withSecrets(mail, secrets), SMTP_LIMITS_ON_AWS)
    }
    if (mail.kind === 'outbox') throw noOutbox()
    const { configurationSet } = places
    const { sesMailer } = await import('../mail/ses.ts')
    return sesMailer(configurationSet ? { configurationSet } : {})
  })
}

/** Where `apply` has put the dictionary: the archive, under a name that its content decides. */
async function dictionaryIn(archive: Objects, settings: Settings): Promise<Dictionary> {
  const { alarmDictionary: path } = settings
  if (!path) return new Map()
  const bytes = await archive.get(path)
  // Going on without it would send mails and draw all pages without its words.
  if (!bytes) throw noDictionary(path)
  return readDictionary(path, Buffer.from(bytes).toString())
}

/**
 * What `load` gave last, while that is not older than `ms`; a failure is not kept. By the time of
 * day: while a function waits for work, no other clock of it need go on.
 */
function keptFor<T>(ms: number, clock: Clock, load: () => Promise<T>): () => Promise<T> {
  let kept: Promise<T> | undefined
  let sinceMs = 0
  return () => {
    const ageMs = clock.now() - sinceMs
    if (kept === undefined || ageMs > ms || ageMs < 0) {
      const loading = load()
      loading.catch(() => {
        if (kept === loading) kept = undefined
      })
      kept = loading
      sinceMs = clock.now()
    }
    return kept
  }
}

function notGiven(what: string): RoundsError {
  return new RoundsError(
    'not-given',
    'stop',
    `Nothing tells where the ${what} of this stack is.`,
    'Deploy the stacks again.',
  )
}

function noDictionary(path: string): RoundsError {
  return new RoundsError(
    'dictionary',
    'stop',
    `The alarm dictionary ${path} is not in the archive.`,
    'Apply the settings again, with the file that alarmDictionary names.',
  )
}

function noOutbox(): RoundsError {
  return new RoundsError(
    'mail-outbox',
    'stop',
    'On AWS there is no outbox folder into which mails could go.',
    'Set mail.kind: ses, or smtp, and apply the settings.',
  )
}
