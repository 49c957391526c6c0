import { Stack } from 'aws-cdk-lib'
import * as athena from 'aws-cdk-lib/aws-athena'
import * as glue from 'aws-cdk-lib/aws-glue'
import type * as s3 from 'aws-cdk-lib/aws-s3'
import { Construct } from 'constructs'

/*
 * The Parquet files of the archive as tables of Athena. docs/archive.md is the description of their
 * columns, and a test compares these here with the files that the code writes. A column may be
 * added at the end, never changed.
 */

/** What all tables begin with. Instants are in UTC. */
const BEGINNING = 'site string, row int, recorded_at timestamp, recorded_local string'

const COLUMNS = {
  system: `${BEGINNING}, server string, ip string, type string,
    cpu_user double, cpu_system double, cpu_io double, cpu_idle double,
    mem_used_bytes bigint, mem_free_bytes bigint, mem_buffer_bytes bigint, mem_total_bytes bigint,
    mount string, disk_used_bytes bigint, disk_total_bytes bigint,
    os_name string, kernel string, uptime_seconds double, node string, node_state string`,
  alarm: `${BEGINNING}, name string, node string, description string,
    raised_at timestamp, raised_local string, recovered_at timestamp, recovered_local string`,
  service: `${BEGINNING}, counts_of date, stands boolean,
    sub_users bigint, unsub_users bigint, total_users bigint,
    call_times bigint, show_times bigint, mo_times bigint, mt_times bigint`,
}

/** The first day for which Athena looks for files: before it there was no archive. */
const FIRST_DAY = '2020-01-01'

/** A query that would read more than this is stopped: some years of a thousand sites. */
const MOST_SCANNED_BYTES = 100 * 2 ** 30

/** Saved queries. `day` is a partition, so each says which days it reads. */
const QUERIES = {
  'alarms-of-a-week': `-- How often each alarm occurred in seven days, and how long it stood.
WITH occurrence AS (
  SELECT site, name, node, raised_at, min(recovered_at) AS recovered_at
  FROM alarm
  WHERE day BETWEEN date_format(current_date - INTERVAL '7' DAY, '%Y-%m-%d')
    AND date_format(current_date, '%Y-%m-%d')
  GROUP BY site, name, node, raised_at
)
SELECT site, name, count(*) AS occurrences,
  count_if(recovered_at IS NULL) AS not_recovered,
  approx_percentile(date_diff('second', raised_at, recovered_at), 0.5) / 60.0 AS median_minutes
FROM occurrence
GROUP BY site, name
ORDER BY occurrences DESC, site, name`,
  'service-by-day': `-- Calls and users of all sites together, by the day that the counts are about.
SELECT counts_of, count(*) AS sites, sum(call_times) AS calls, sum(total_users) AS users
FROM service
WHERE stands AND day >= date_format(current_date - INTERVAL '35' DAY, '%Y-%m-%d')
GROUP BY counts_of
ORDER BY counts_of`,
}

/** Tables and saved queries, ready to be used in the console of Athena. */
export class ArchiveTables extends Construct {
  private readonly archive: s3.Bucket

  constructor(scope: Construct, id: string, props: { prefix: string; archive: s3.Bucket }) {
    super(scope, id)
    this.archive = props.archive
    const catalogId = Stack.of(this).account
    const database = `${props.prefix.replaceAll('-', '_')}_archive`
    const made = new glue.CfnDatabase(this, 'Database', {
      catalogId,
      databaseInput: { name: database, description: 'Readings of all settled days' },
    })
    for (const feed of ['system', 'alarm', 'service'] as const) {
      const tableInput = this.tableOf(feed)
      new glue.CfnTable(this, feed, {
        catalogId,
        databaseName: database,
        tableInput,
      }).addResourceDependency(made)
    }
    this.saveQueries(`${props.prefix}-archive`, database)
  }

  private tableOf(feed: keyof typeof COLUMNS): glue.CfnTable.TableInputProperty {
    const place = `${this.archive.s3UrlForObject()}/parquet/feed=${feed}/`
    return {
      name: feed,
      tableType: 'EXTERNAL_TABLE',
      partitionKeys: [{ name: 'day', type: 'string', comment: 'YYYY-MM-DD' }],
      // Athena computes which folders there are, so that nothing has to add each new day.
      parameters: {
        classification: 'parquet',
        'projection.enabled': 'true',
        'projection.day.type': 'date',
        'projection.day.format': 'yyyy-MM-dd',
        // A day more than now: in the east it has begun before UTC.
        'projection.day.range': `${FIRST_DAY},NOW+1DAY`,
        'storage.location.template': `${place}day=\${day}/`,
      },
      storageDescriptor: {
        location: place,
        columns: COLUMNS[feed].split(',').map((text) => {
          const [name, type] = text.trim().split(' ')
          return { name: name!, type: type! }
        }),
        inputFormat: 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat',
        outputFormat: 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat',
        serdeInfo: {
          serializationLibrary: 'org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe',
        },
      },
    }
  }

  /** In a workgroup of their own: Athena keeps its results for a day, in no bucket of ours. */
  private saveQueries(workGroup: string, database: string): void {
    const group = new athena.CfnWorkGroup(this, 'WorkGroup', {
      name: workGroup,
      recursiveDeleteOption: true,
      workGroupConfiguration: {
        enforceWorkGroupConfiguration: true,
        bytesScannedCutoffPerQuery: MOST_SCANNED_BYTES,
        managedQueryResultsConfiguration: { enabled: true },
      },
    })
    for (const [name, queryString] of Object.entries(QUERIES)) {
      const query = { name, database, workGroup, queryString }
      new athena.CfnNamedQuery(this, name, query).addResourceDependency(group)
    }
  }
}
