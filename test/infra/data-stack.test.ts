import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parquetFile } from '../../lib/ledger/parquet.ts'
import { parquetPath } from '../../lib/ledger/parquet-parts.ts'
import { FEEDS } from '../../lib/site.ts'
import { type Duck, openDuck } from '../fixtures/duck.ts'
import { ofType, shown, synthesised, theOne } from './synthesis.ts'

/** What Athena calls the types that DuckDB finds in the files. */
const ATHENA: Record<string, string> = {
  VARCHAR: 'string',
  INTEGER: 'int',
  BIGINT: 'bigint',
  DOUBLE: 'double',
  BOOLEAN: 'boolean',
  DATE: 'date',
  'TIMESTAMP WITH TIME ZONE': 'timestamp',
}

const templates = synthesised({ prefix: 'fleet-2' })
const inputs = ofType(templates, 'AWS::Glue::Table').map(({ Properties }) => Properties.TableInput)
const tableOf = (feed: string) => inputs.find(({ Name }) => Name === feed)!

let folder: string
let duck: Duck

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tables-'))
  duck = await openDuck(folder)
})

afterAll(() => {
  duck.close()
  rmSync(folder, { recursive: true, force: true })
})

describe.each(FEEDS)('the table %s', (feed) => {
  it('has the columns of the files that are written, in their order', async () => {
    const path = join(folder, `${feed}.parquet`)
    writeFileSync(path, await parquetFile(feed, []))
    const rows = await duck.rows(`DESCRIBE SELECT * FROM read_parquet('${path}')`)
    const written = rows.map(({ column_name, column_type }) => ({
      Name: column_name,
      Type: ATHENA[String(column_type)],
    }))
    expect(written.length).toBeGreaterThan(4)
    expect(tableOf(feed).StorageDescriptor.Columns).toEqual(written)
  })

  it('looks for them where they are written', () => {
    const { Parameters, PartitionKeys } = tableOf(feed)
    const template = shown(Parameters['storage.location.template'])
    const day = '2026-11-10'
    const file = parquetPath(feed, day, '0-of-1')
    expect(template).toMatch(/^s3:\/\/\{Archive/)
    expect(template.replace(/^s3:\/\/[^/]+\//, '').replace(/\$\{day\}/, day)).toBe(
      file.slice(0, file.lastIndexOf('/') + 1),
    )
    expect(PartitionKeys).toEqual([{ Name: 'day', Type: 'string', Comment: 'YYYY-MM-DD' }])
    expect(Parameters['projection.enabled']).toBe('true')
  })
})

describe('the saved queries', () => {
  const queries = ofType(templates, 'AWS::Athena::NamedQuery').map(({ Properties }) => Properties)

  it('are in the workgroup and the database of the fleet', () => {
    expect(queries).toHaveLength(2)
    for (const { WorkGroup, Database } of queries) {
      expect([WorkGroup, Database]).toEqual(['fleet-2-archive', 'fleet_2_archive'])
    }
    const [group] = ofType(templates, 'AWS::Athena::WorkGroup')
    expect(group!.Properties.WorkGroupConfiguration).toMatchObject({
      EnforceWorkGroupConfiguration: true,
      ManagedQueryResultsConfiguration: { Enabled: true },
    })
  })

  it('read a part of the days, from columns that there are', async () => {
    for (const feed of FEEDS) {
      const path = join(folder, `empty-${feed}.parquet`)
      writeFileSync(path, await parquetFile(feed, []))
      const rows = `SELECT *, '' AS day FROM read_parquet('${path}')`
      await duck.rows(`CREATE VIEW "${feed}" AS ${rows}`)
    }
    // What DuckDB calls otherwise; names of columns and tables are checked as they are.
    await duck.rows('CREATE MACRO date_format(moment, form) AS strftime(moment, form)')
    await duck.rows('CREATE MACRO approx_percentile(x, share) AS approx_quantile(x, share)')
    for (const { QueryString } of queries) {
      expect(QueryString).toMatch(/\bday (BETWEEN|>=) date_format\(/)
      expect(await duck.rows(QueryString)).toEqual([])
    }
  })
})

describe('what is kept', () => {
  const { data } = templates

  it('is the table, with all of its last 35 days, and the names that its driver uses', () => {
    const { Properties, DeletionPolicy } = theOne(data, 'AWS::DynamoDB::GlobalTable')
    expect(DeletionPolicy).toBe('Retain')
    expect(Properties).toMatchObject({
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [
        { AttributeName: 'p', KeyType: 'HASH' },
        { AttributeName: 's', KeyType: 'RANGE' },
      ],
      TimeToLiveSpecification: { AttributeName: 't', Enabled: true },
    })
    expect(Properties.Replicas[0]).toMatchObject({
      DeletionProtectionEnabled: true,
      PointInTimeRecoverySpecification: {
        PointInTimeRecoveryEnabled: true,
        RecoveryPeriodInDays: 35,
      },
    })
  })

  it('is the archive, with older versions for a while', () => {
    const { Properties } = theOne(data, 'AWS::S3::Bucket', 'Archive')
    expect(Properties.VersioningConfiguration).toEqual({ Status: 'Enabled' })
    const [rule] = Properties.LifecycleConfiguration.Rules
    expect(rule.NoncurrentVersionExpiration).toEqual({ NoncurrentDays: 90 })
    expect(rule.Transitions).toEqual([{ StorageClass: 'GLACIER_IR', TransitionInDays: 90 }])
    expect(rule.ExpirationInDays).toBeUndefined()
  })

  it('is the secret, which begins as an object without passwords', () => {
    const { Properties, DeletionPolicy } = theOne(data, 'AWS::SecretsManager::Secret')
    expect([Properties.SecretString, DeletionPolicy]).toEqual(['{}', 'Retain'])
  })

  it('has outputs of these names', () => {
    const own = Object.keys(data.outputs).filter((name) => !name.startsWith('Exports'))
    expect(own.sort()).toEqual(['ArchiveBucket', 'SiteSecretArn', 'TableName'])
  })
})
