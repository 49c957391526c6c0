import { Duration, RemovalPolicy } from 'aws-cdk-lib'
import * as s3 from 'aws-cdk-lib/aws-s3'
import type { Construct } from 'constructs'

/** Nobody outside the account, nobody without TLS; and it stays when its stack goes. */
export const PRIVATE = {
  blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
  encryption: s3.BucketEncryption.S3_MANAGED,
  objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
  enforceSSL: true,
  minimumTLSVersion: 1.2,
  removalPolicy: RemovalPolicy.RETAIN,
} as const

/** How long it can be seen who read or wrote which object, in days. */
const ACCESS_LOG_DAYS = 90

/** The properties by which a bucket of this stack notes who read and wrote it, in another one. */
export function accessLogs(stack: Construct) {
  const bucket = new s3.Bucket(stack, 'AccessLogs', {
    ...PRIVATE,
    lifecycleRules: [{ expiration: Duration.days(ACCESS_LOG_DAYS) }],
  })
  return { serverAccessLogsBucket: bucket, serverAccessLogsPrefix: 'access/' }
}
