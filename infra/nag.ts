import { Stack, Validations } from 'aws-cdk-lib'
import type { IBucket } from 'aws-cdk-lib/aws-s3'
import { AwsSolutionsChecks } from 'cdk-nag'
import type { IConstruct } from 'constructs'

/** The rules that every synthesis of the stacks has to pass. */
export function securityRules(scope: IConstruct): AwsSolutionsChecks {
  return new AwsSolutionsChecks(scope)
}

/** Accepts a rule's finding at just this construct; whoever reads the report sees the reason. */
export function acknowledge(on: IConstruct, rule: string, reason: string): void {
  Validations.of(on).acknowledge({ id: `AwsSolutions-${rule}`, reason })
}

/** Accepts a warning of the CDK itself, by the id that it prints. */
export function acknowledgeWarning(on: IConstruct, id: string, reason: string): void {
  Validations.of(on).acknowledge({ id, reason })
}

/**
 * Accepts that a role may do something with all objects of a bucket that another stack made. The
 * finding names the bucket, so any other wildcard of the role is still found.
 */
export function acknowledgeObjects(on: IConstruct, bucket: IBucket, reason: string): void {
  const owner = Stack.of(bucket)
  const { 'Fn::ImportValue': name } = owner.resolve(owner.exportValue(bucket.bucketArn))
  acknowledge(on, `IAM5[Resource::${name}/*]`, reason)
}
