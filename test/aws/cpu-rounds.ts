import { httpSource } from '../../lib/fetch/http.ts'
import { silentLog } from '../../lib/log.ts'
import { sesMailer } from '../../lib/mail/ses.ts'
import { collect, notify, type Rounds } from '../../lib/pipeline.ts'
import { systemChance } from '../../lib/random.ts'
import type { Settings } from '../../lib/site.ts'
import { dynamodbTable } from '../../lib/store/dynamodb.ts'
import { s3Objects } from '../../lib/store/s3.ts'
import type { Clock } from '../../lib/time.ts'
import { LOCAL } from '../fixtures/dynamodb-server.ts'
import type { Told } from './cpu-services.ts'

/** Rounds by the drivers for AWS, over sites behind a web server. */
export function openRounds(told: Told, settings: Settings, clock: Clock): Rounds {
  const objects = s3Objects('objects', { ...LOCAL, endpoint: told.s3, forcePathStyle: true })
  return {
    ...{ settings, clock, chance: systemChance, log: silentLog, foldLater: true },
    table: dynamodbTable('state', systemChance, { ...LOCAL, endpoint: told.dynamodb }),
    ...{ archive: objects, pages: objects },
    mailer: sesMailer({}, { ...LOCAL, endpoint: told.ses }),
    openSource({ source }) {
      if (source.kind === 'http') return httpSource(source, { chance: systemChance })
      throw new Error('All sites stand behind the web server.')
    },
    dictionary: new Map(),
  }
}

/** As a process of its own it makes one round and tells what that took of it. */
if (import.meta.main) {
  const { told, settings, nowMs } = JSON.parse(process.argv[2] ?? '')
  const rounds = openRounds(told, settings, { now: () => nowMs })
  const from = process.cpuUsage()
  const behind = await collect(rounds, { via: 'round', paced: true })
  await notify(rounds, { behind })
  const { user, system } = process.cpuUsage(from)
  process.send!((user + system) / 1_000)
  await rounds.mailer.close()
  await rounds.table.close()
  process.disconnect()
}
