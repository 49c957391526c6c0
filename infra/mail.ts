import { CfnOutput, Fn, Stack } from 'aws-cdk-lib'
import * as iam from 'aws-cdk-lib/aws-iam'
import * as ses from 'aws-cdk-lib/aws-ses'
import * as sns from 'aws-cdk-lib/aws-sns'
import type * as sqs from 'aws-cdk-lib/aws-sqs'
import { Construct } from 'constructs'
import type { JobFunction } from './job-function.ts'

/** What is made for a domain from which mails are sent. */
export interface MailProps {
  mailDomain: string
  /** Where bounces return to, if not to SES itself. */
  mailFromDomain?: string | undefined
}

/** A domain that sends by SES, and what comes back from those who did not take a mail. */
export class Mail extends Construct {
  private readonly configurationSet: ses.ConfigurationSet
  private readonly identity: ses.EmailIdentity
  private readonly feedback: sns.Topic

  constructor(scope: Construct, id: string, { mailDomain, mailFromDomain }: MailProps) {
    super(scope, id)
    this.configurationSet = new ses.ConfigurationSet(this, 'Sending', {
      // Mails name servers and customers: a mail server without TLS gets none.
      tlsPolicy: ses.ConfigurationSetTlsPolicy.REQUIRE,
      suppressionReasons: ses.SuppressionReasons.BOUNCES_AND_COMPLAINTS,
      reputationMetrics: true,
    })
    this.identity = new ses.EmailIdentity(this, 'Domain', {
      identity: ses.Identity.domain(mailDomain),
      configurationSet: this.configurationSet,
      // Bounces are told to the topic; a mailbox for them need not exist.
      feedbackForwarding: false,
      ...(mailFromDomain && { mailFromDomain }),
    })
    this.feedback = new sns.Topic(this, 'Feedback', {
      displayName: 'Mails that were not taken',
      enforceSSL: true,
    })
    this.configurationSet.addEventDestination('Returned', {
      destination: ses.EventDestination.snsTopic(this.feedback),
      events: [ses.EmailSendingEvent.BOUNCE, ses.EmailSendingEvent.COMPLAINT],
    })
    const records = this.identity.dkimRecords.map(({ name, value }) => `${name} CNAME ${value}`)
    const stack = Stack.of(this)
    new CfnOutput(stack, 'DkimRecords', { value: Fn.join('; ', records) })
    new CfnOutput(stack, 'ConfigurationSet', {
      value: this.configurationSet.configurationSetName,
    })
  }

  /** Lets a function send from the domain, under the configuration set only. */
  sentBy(sender: JobFunction): void {
    const { configurationSetName } = this.configurationSet
    const configurationSet = Stack.of(this).formatArn({
      service: 'ses',
      resource: 'configuration-set',
      resourceName: configurationSetName,
    })
    sender.knows('configurationSet', configurationSetName)
    sender.may(['ses:SendRawEmail'], [this.identity.emailIdentityArn, configurationSet])
  }

  /** Tells a function of mails that were not taken; what it never got goes to a queue. */
  returnsTo(receiver: JobFunction, undelivered: sqs.Queue): void {
    receiver.function.addPermission('Feedback', {
      principal: new iam.ServicePrincipal('sns.amazonaws.com'),
      sourceArn: this.feedback.topicArn,
    })
    undelivered.addToResourcePolicy(
      new iam.PolicyStatement({
        principals: [new iam.ServicePrincipal('sns.amazonaws.com')],
        actions: ['sqs:SendMessage'],
        resources: [undelivered.queueArn],
        conditions: { ArnEquals: { 'aws:SourceArn': this.feedback.topicArn } },
      }),
    )
    new sns.Subscription(this, 'ToFunction', {
      topic: this.feedback,
      protocol: sns.SubscriptionProtocol.LAMBDA,
      endpoint: receiver.function.functionArn,
      deadLetterQueue: undelivered,
    })
  }
}
