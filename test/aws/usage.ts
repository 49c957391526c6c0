import { collect, notify, type Rounds, report, settle } from '../../lib/pipeline.ts'
import { systemChance } from '../../lib/random.ts'
import { dynamodbTable } from '../../lib/store/dynamodb.ts'
import { s3Objects } from '../../lib/store/s3.ts'
import { HOUR_MS, MINUTE_MS } from '../../lib/time.ts'
import { awsServer } from '../fixtures/aws-server.ts'
import { capacityMeter } from '../fixtures/capacity-meter.ts'
import { dynamodbServer, LOCAL } from '../fixtures/dynamodb-server.ts'
import { REAL_SITES, realWeekFiles } from '../fixtures/real-week.ts'
import { newWorld, realSites } from '../fixtures/rounds-world.ts'

/** What jobs ask of AWS for one site, on the average. */
export interface Usage {
  /** Strongly consistent: one for each 4 KB begun, and for a request that finds nothing. */
  readUnits: number
  writeUnits: number
  /** Requests to S3. */
  puts: number
  gets: number
}

/** A day of the sites of the real week, counted on the wire. */
export interface DayUsage {
  /** One round that is usual at this time, with new lines for most sites. */
  round: Usage
  /** The hourly look at the pages of the day, while it runs. */
  report: Usage
  /** The settling of the day before, with its pages. */
  settling: Usage
}

const DAY_MS = 24 * HOUR_MS
const MIDNIGHT_MS = Date.parse('2026-11-10T00:00:00+08:00')

/** Two whole days at this pace: the first is not counted, of the second `hours` from 08:00 on. */
export async function dayUsage(everyMinutes: number, hours: number): Promise<DayUsage> {
  const server = await dynamodbServer()
  const meter = await capacityMeter(server.url)
  await server.createTable({
    TableName: 'state',
    AttributeDefinitions: ['p', 's'].map((AttributeName) => ({
      AttributeName,
      AttributeType: 'S',
    })),
    KeySchema: [
      { AttributeName: 'p', KeyType: 'HASH' },
      { AttributeName: 's', KeyType: 'RANGE' },
    ],
    BillingMode: 'PAY_PER_REQUEST',
  })
  const aws = await awsServer()
  const world = await newWorld()
  await world.configure({
    sites: realSites(undefined, { recipients: ['ops@example.com'] }),
    retention: { keepDays: 35 },
  })
  let nowMs = MIDNIGHT_MS - DAY_MS
  const embedded = world.open({ now: () => nowMs })
  const table = dynamodbTable('state', systemChance, { ...LOCAL, endpoint: meter.url })
  const s3 = { ...LOCAL, endpoint: aws.url, forcePathStyle: true }
  await createBucket(aws.url)
  const objects = s3Objects('objects', s3)
  const rounds: Rounds = { ...embedded, table, archive: objects, pages: objects }

  async function grow(): Promise<void> {
    for (const [path, bytes] of realWeekFiles()) {
      const [, year, month, day] = /(\d{4})(\d\d)(\d\d)\.txt$/.exec(path) ?? []
      const share = (nowMs - Date.parse(`${year}-${month}-${day}T00:00:00+08:00`)) / DAY_MS
      if (!year || share <= 0 || share > 3) continue
      await world.write(path, bytes.subarray(0, Math.floor(bytes.length * Math.min(1, share))))
    }
  }
  const counted: Usage[] = []
  async function counting(act: () => Promise<unknown>): Promise<Usage> {
    meter.forget()
    aws.proxy.forget()
    await act()
    const units = (isWrite: boolean) =>
      meter.consumed
        .filter(({ operation }) => /Put|Delete/.test(operation) === isWrite)
        .reduce((sum, one) => sum + Math.max(1, one.units ?? 1), 0)
    const of = (method: string) => aws.proxy.passed.filter((one) => one.method === method).length
    const all = {
      readUnits: units(false),
      writeUnits: units(true),
      puts: of('PUT'),
      gets: of('GET'),
    }
    const sites = REAL_SITES.length
    return {
      readUnits: all.readUnits / sites,
      writeUnits: all.writeUnits / sites,
      puts: all.puts / sites,
      gets: all.gets / sites,
    }
  }
  const round = () =>
    counting(async () => {
      const behind = await collect(rounds, { via: 'round', paced: true })
      await notify(rounds, { behind })
    })
  try {
    // The days before: as after a week, there is something to look back on.
    for (nowMs += 6 * HOUR_MS; nowMs < MIDNIGHT_MS + 8 * HOUR_MS; nowMs += 6 * HOUR_MS) {
      await grow()
      await round()
    }
    nowMs = MIDNIGHT_MS + 8 * HOUR_MS
    await grow()
    await round()
    await settle(rounds, { paced: true })
    await report(rounds)
    const reports: Usage[] = []
    for (let minutes = everyMinutes; minutes <= hours * 60; minutes += everyMinutes) {
      nowMs = MIDNIGHT_MS + 8 * HOUR_MS + minutes * MINUTE_MS
      await grow()
      counted.push(await round())
      if (minutes % 60 === 0) reports.push(await counting(() => report(rounds)))
    }
    nowMs = MIDNIGHT_MS + DAY_MS + 3 * HOUR_MS
    await grow()
    await round()
    const settling = await counting(async () => {
      await settle(rounds, { paced: true })
      await report(rounds)
    })
    return { round: meanOf(counted), report: meanOf(reports), settling }
  } finally {
    await table.close()
    await meter.close()
    await server.close()
    await aws.close()
    await embedded.close()
    await world.remove()
  }
}

function meanOf(all: readonly Usage[]): Usage {
  const mean = (of: keyof Usage) => all.reduce((sum, one) => sum + one[of], 0) / all.length
  return {
    readUnits: mean('readUnits'),
    writeUnits: mean('writeUnits'),
    puts: mean('puts'),
    gets: mean('gets'),
  }
}

async function createBucket(url: string): Promise<void> {
  const { CreateBucketCommand, S3Client } = await import('@aws-sdk/client-s3')
  const client = new S3Client({ ...LOCAL, endpoint: url, forcePathStyle: true })
  await client.send(new CreateBucketCommand({ Bucket: 'objects' }))
  client.destroy()
}
