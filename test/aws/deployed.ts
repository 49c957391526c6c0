import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { silentLog } from '../../lib/log.ts'
import type { Rounds } from '../../lib/pipeline.ts'
import { systemChance } from '../../lib/random.ts'
import type { Settings } from '../../lib/site.ts'
import { dynamodbTable } from '../../lib/store/dynamodb.ts'
import type { Objects } from '../../lib/store/objects.ts'
import { s3Objects } from '../../lib/store/s3.ts'
import { newestVersion, writeVersion } from '../../lib/store/settings-versions.ts'
import type { Table } from '../../lib/store/table.ts'
import { readAssembly } from '../fixtures/assembly.ts'
import { LOCAL } from '../fixtures/dynamodb-server.ts'
import { type LocalStack, localStack } from '../fixtures/local-stack.ts'

/** The stacks as they would be deployed, on this machine, with a clock of the test's. */
export interface Deployed {
  stack: LocalStack
  table: Table
  archive: Objects
  /** The report site, by path, decompressed. */
  pages(): Promise<Record<string, string>>
  /** Writes the settings as their next version. */
  apply(settings: Settings): Promise<void>
  /** Sets the clock of all functions, and lets Scheduler tick, until all is quiet. */
  tick(schedule: 'round' | 'report' | 'settle', atMs: number): Promise<void>
  setClock(nowMs: number): void
  /** Lets Scheduler tick without waiting for what comes of it. */
  startTick(schedule: 'round' | 'report' | 'settle', atMs: number): Promise<void>
  /** What stands there, as rounds that read alone. */
  rounds(settings: Settings, nowMs: number): Rounds
  /** What a function has printed, by lines; it is called as in the template. */
  linesOf(called: string): string[]
  close(): Promise<void>
}

/** Schedules, by what they start. */
const SCHEDULES = {
  round: 'SchedulesEveryround',
  report: 'SchedulesEveryreport',
  settle: 'SchedulesEverysettle',
} as const

/** Deploys what `synthesised` gives; `folder` is for a file that holds the clock. */
export async function deploy(assembly: string, folder: string): Promise<Deployed> {
  const clockFile = join(folder, 'clock')
  const setClock = (nowMs: number) => {
    // A function that looks meanwhile must not find half of it.
    writeFileSync(`${clockFile}.new`, `${nowMs} ${Date.now()}`)
    renameSync(`${clockFile}.new`, clockFile)
  }
  setClock(Date.now())
  const stack = await localStack(await readAssembly(assembly), {
    environment: { CLOCK_FILE: clockFile, NODE_COMPILE_CACHE: `${assembly}-compiled` },
    nodeOptions: ['--import', new URL('set-clock.mjs', import.meta.url).href],
  })
  const { services, outputs } = stack
  const table = dynamodbTable(outputs.TableName!, systemChance, {
    ...LOCAL,
    endpoint: services.dynamodb.url,
  })
  const s3 = { ...LOCAL, endpoint: services.aws.url, forcePathStyle: true }
  const archive = s3Objects(outputs.ArchiveBucket!, s3)
  const site = s3Objects(outputs.PagesBucket!, s3)
  const client = new S3Client(s3)

  return {
    ...{ stack, table, archive, setClock },
    async pages() {
      const pages: Record<string, string> = {}
      for (const path of await site.list('')) {
        const command = new GetObjectCommand({ Bucket: outputs.PagesBucket!, Key: path })
        const { Body, ContentEncoding } = await client.send(command)
        const bytes = await Body!.transformToByteArray()
        pages[path] = String(ContentEncoding === 'gzip' ? gunzipSync(bytes) : Buffer.from(bytes))
      }
      return pages
    },
    async apply(settings) {
      const after = await newestVersion(table)
      await writeVersion(table, settings, { after, atMs: Date.now(), by: 'test', note: '' })
    },
    async startTick(schedule, atMs) {
      await stack.tick(SCHEDULES[schedule], atMs)
    },
    async tick(schedule, atMs) {
      setClock(atMs)
      const answer = await stack.tick(SCHEDULES[schedule], atMs)
      if (answer.failed) throw new Error(`${schedule}: ${JSON.stringify(answer)}`)
      await stack.pump.pumpUntilQuiet()
    },
    rounds(settings, nowMs) {
      const refuse = () => Promise.reject(new Error('these rounds only look'))
      return {
        ...{ settings, table, archive, pages: site, log: silentLog, chance: systemChance },
        mailer: { send: refuse, close: async () => undefined },
        openSource: () => ({ read: refuse, close: async () => undefined }),
        dictionary: new Map(),
        clock: { now: () => nowMs },
      }
    },
    linesOf(called) {
      const own = stack.functions.find(({ logicalId }) => logicalId.startsWith(called))
      return stack.host.linesOf(own!.name)
    },
    async close() {
      client.destroy()
      await table.close()
      await stack.close()
    },
  }
}
