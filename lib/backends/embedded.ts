import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Dictionary, readDictionary } from '../alarms/dictionary.ts'
import { RoundsError } from '../errors.ts'
import { directorySource } from '../fetch/directory.ts'
import { httpSource } from '../fetch/http.ts'
import type { Source } from '../fetch/source.ts'
import type { Log } from '../log.ts'
import { lazyMailer } from '../mail/lazy-mailer.ts'
import type { Mailer } from '../mail/mailer.ts'
import { outboxMailer } from '../mail/outbox.ts'
import { smtpMailer } from '../mail/smtp.ts'
import type { Rounds } from '../pipeline.ts'
import { type Chance, systemChance } from '../random.ts'
import type { MailSettings, Settings, SourceSettings } from '../site.ts'
import { directoryObjects } from '../store/directory.ts'
import { sqliteTable } from '../store/sqlite.ts'
import { type Clock, systemClock } from '../time.ts'

/** What a test may decide; without it, the system's. */
export interface EmbeddedDeps {
  clock?: Clock
  chance?: Chance
}

/** Where the parts of the embedded back end stand below its state folder. */
export const EMBEDDED_PLACES = {
  table: 'state.db',
  pages: 'site',
  outbox: 'outbox',
  archive: 'archive',
} as const

/** The back end that needs one machine only: SQLite, folders, SMTP or an outbox folder. */
export function openEmbedded(
  settings: Settings,
  log: Log,
  { clock = systemClock, chance = systemChance }: EmbeddedDeps = {},
): Rounds & { close(): Promise<void> } {
  const dictionary = dictionaryOf(settings)
  const place = (name: keyof typeof EMBEDDED_PLACES) => join(settings.state, EMBEDDED_PLACES[name])
  const [pages, outbox, archive] = [place('pages'), place('outbox'), place('archive')]
  const table = sqliteTable(place('table'), clock, chance, [pages, outbox, archive])
  const mailer = openMailer(settings.mail, outbox)
  return {
    settings,
    table,
    archive: directoryObjects(archive, chance),
    pages: directoryObjects(pages, chance),
    mailer,
    openSource: (site) => openSource(site.source, chance),
    dictionary,
    clock,
    chance,
    log,
    close: async () => {
      await mailer.close()
      await table.close()
    },
  }
}

/** The source that the settings name. */
export function openSource(settings: SourceSettings, chance: Chance = systemChance): Source {
  return settings.kind === 'http' ? httpSource(settings, { chance }) : directorySource(settings)
}

function openMailer(settings: MailSettings, outbox: string): Mailer {
  if (settings.kind === 'smtp') return smtpMailer(settings)
  if (settings.kind === 'outbox') return outboxMailer(outbox)
  // Few machines send by SES: its client is loaded with the first mail.
  return lazyMailer(async () => (await import('../mail/ses.ts')).sesMailer())
}

function dictionaryOf({ alarmDictionary: file }: Settings): Dictionary {
  if (!file) return new Map()
  try {
    return readDictionary(file, readFileSync(file, 'utf8'))
  } catch (thrown) {
    if (thrown instanceof RoundsError) throw thrown
    throw new RoundsError(
      'dictionary',
      'stop',
      `The alarm dictionary ${file} cannot be read.`,
      'Mend alarmDictionary in the configuration, or leave it out.',
      { cause: thrown },
    )
  }
}
