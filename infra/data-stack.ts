import {
  CfnOutput,
  Duration,
  RemovalPolicy,
  SecretValue,
  Stack,
  type StackProps,
} from 'aws-cdk-lib'
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb'
import * as s3 from 'aws-cdk-lib/aws-s3'
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager'
import type { Construct } from 'constructs'
import { ArchiveTables } from './archive-tables.ts'
import { acknowledge } from './nag.ts'
import { accessLogs, PRIVATE } from './private-bucket.ts'

/** How far the table can be taken back, in days: the most that DynamoDB offers. */
const RECOVERY_DAYS = 35

/** From this age on archived days lie in a class that costs a fifth and is read as fast. */
const ARCHIVE_COOLS_DAYS = 90

/** How long an older version of an archive is kept: whoever overwrote it will have noticed. */
const OLDER_VERSIONS_DAYS = 90

/** What is kept whatever becomes of the other stacks: table, archive, passwords. */
export class DataStack extends Stack {
  readonly table: dynamodb.TableV2
  readonly archive: s3.Bucket
  readonly secret: secretsmanager.Secret

  constructor(scope: Construct, id: string, props: StackProps & { prefix: string }) {
    super(scope, id, { ...props, terminationProtection: true })
    this.table = this.makeTable()
    this.archive = this.makeArchive()
    // The value is written when the secret is made, and what is put in later stays. A change of
    // this text here would write it again, over the passwords.
    this.secret = new secretsmanager.Secret(this, 'SiteSecrets', {
      description: 'Passwords of sites and mail servers, by name: {"BJ01_PASSWORD":"…"}',
      secretStringValue: SecretValue.unsafePlainText('{}'),
      removalPolicy: RemovalPolicy.RETAIN,
    })
    acknowledge(
      this.secret,
      'SMG4',
      'The passwords belong to the sites: only they can change them.',
    )
    new ArchiveTables(this, 'ArchiveTables', { prefix: props.prefix, archive: this.archive })
    new CfnOutput(this, 'TableName', { value: this.table.tableName })
    new CfnOutput(this, 'ArchiveBucket', { value: this.archive.bucketName })
    new CfnOutput(this, 'SiteSecretArn', { value: this.secret.secretArn })
  }

  /** The names of its keys are those of lib/store/dynamodb.ts. */
  private makeTable(): dynamodb.TableV2 {
    return new dynamodb.TableV2(this, 'State', {
      partitionKey: { name: 'p', type: dynamodb.AttributeType.STRING },
      sortKey: { name: 's', type: dynamodb.AttributeType.STRING },
      billing: dynamodb.Billing.onDemand(),
      timeToLiveAttribute: 't',
      pointInTimeRecoverySpecification: {
        pointInTimeRecoveryEnabled: true,
        recoveryPeriodInDays: RECOVERY_DAYS,
      },
      deletionProtection: true,
      removalPolicy: RemovalPolicy.RETAIN,
    })
  }

  private makeArchive(): s3.Bucket {
    return new s3.Bucket(this, 'Archive', {
      ...PRIVATE,
      versioned: true,
      ...accessLogs(this),
      // Smaller objects stay: the cooler class counts each of them as 128 KB.
      transitionDefaultMinimumObjectSize:
        s3.TransitionDefaultMinimumObjectSize.ALL_STORAGE_CLASSES_128_K,
      lifecycleRules: [
        {
          transitions: [
            {
              storageClass: s3.StorageClass.GLACIER_INSTANT_RETRIEVAL,
              transitionAfter: Duration.days(ARCHIVE_COOLS_DAYS),
            },
          ],
          noncurrentVersionExpiration: Duration.days(OLDER_VERSIONS_DAYS),
          abortIncompleteMultipartUploadAfter: Duration.days(1),
        },
      ],
    })
  }
}
