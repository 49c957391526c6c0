import * as ec2 from 'aws-cdk-lib/aws-ec2'
import * as iam from 'aws-cdk-lib/aws-iam'
import type * as lambda from 'aws-cdk-lib/aws-lambda'
import { Construct } from 'constructs'
import { acknowledge } from './nag.ts'

/** What Lambda does in the name of a function to put it into a network. */
const INTERFACE_ACTIONS = [
  'ec2:CreateNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSubnets',
  'ec2:DeleteNetworkInterface',
  'ec2:AssignPrivateIpAddresses',
  'ec2:UnassignPrivateIpAddresses',
]

/** Wherever sites are: which addresses are allowed is checked before each request. */
const ANYWHERE = [
  { ipProtocol: '-1', cidrIp: '0.0.0.0/0' },
  { ipProtocol: '-1', cidrIpv6: '::/0' },
]

/**
 * Private subnets of a VPC that is there already. Nothing is added to it but a security group that
 * nobody can enter: its ways to S3, DynamoDB, SQS and Secrets Manager are its owner's choice, and
 * infra/README.md lists them. Ids are taken as they are, so nothing is looked up in the account.
 */
export class PrivateNetwork extends Construct {
  private readonly subnetIds: string[]
  private readonly securityGroup: ec2.CfnSecurityGroup

  constructor(scope: Construct, id: string, props: { vpcId: string; subnetIds: string[] }) {
    super(scope, id)
    this.subnetIds = props.subnetIds
    this.securityGroup = new ec2.CfnSecurityGroup(this, 'Functions', {
      vpcId: props.vpcId,
      groupDescription: 'Functions that read sites: they call out, and nobody calls them.',
      securityGroupEgress: ANYWHERE,
    })
  }

  /** Lets functions of this role be placed here. To be called before the function is made. */
  letIn(role: iam.Role): void {
    role.addToPolicy(new iam.PolicyStatement({ actions: INTERFACE_ACTIONS, resources: ['*'] }))
    const reason = 'Lambda asks for these on all interfaces before it has made the first one.'
    acknowledge(role, 'IAM5[Resource::*]', reason)
  }

  /** Places a function here. */
  place(placed: lambda.Function): void {
    const resource = placed.node.defaultChild as lambda.CfnFunction
    resource.vpcConfig = {
      subnetIds: this.subnetIds,
      securityGroupIds: [this.securityGroup.attrGroupId],
    }
  }
}
