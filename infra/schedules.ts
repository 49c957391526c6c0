import { Duration, Stack, TimeZone } from 'aws-cdk-lib'
import * as iam from 'aws-cdk-lib/aws-iam'
import * as scheduler from 'aws-cdk-lib/aws-scheduler'
import type * as sqs from 'aws-cdk-lib/aws-sqs'
import { Construct } from 'constructs'
import { EVENT_AGE, type JobFunction } from './job-function.ts'
import type { InfraSettings } from './settings.ts'

/** How often Scheduler calls again when Lambda does not take an event, within its age. */
const RETRIES = 5

/** From this cadence on, in minutes, a schedule may be a minute late. */
const FLEXIBLE_FROM = 5

/** Minutes after the full hour, so that a report shows the round that began before it. */
const REPORT_OFFSET = 3
const SETTLE_OFFSET = 7

const HOUR = 60
const DAY = 24 * HOUR

/**
 * The hour of what is due once a day. Every day has it in every zone: clocks are set forward
 * between 22 and 4 o'clock, in Santiago and Cairo at midnight; what is due then is left out.
 */
const DAILY_HOUR = 5

/**
 * When a schedule is due: a cron expression, not a rate, because a rate counts from the moment of
 * the deployment, and cron from the hour. Up to an hour it is told in UTC, where every hour comes
 * once: in a zone with summer time Scheduler would do nothing in the hour that comes twice. Longer
 * ones are told in the zone of the settings, so that a daily round stays in the small hours. Of
 * several in a day one is left out when clocks are set forward over it; the next makes up for it.
 */
export function dueEvery(minutes: number, offset: number, timeZone: string) {
  const minute = Math.min(offset, minutes - 1)
  if (minutes < HOUR) return { cron: `cron(${minute}/${minutes} * * * ? *)`, timeZone: 'UTC' }
  if (minutes === HOUR) return { cron: `cron(${minute} * * * ? *)`, timeZone: 'UTC' }
  const hours = minutes === DAY ? String(DAILY_HOUR) : `0/${minutes / HOUR}`
  return { cron: `cron(${minute} ${hours} * * ? *)`, timeZone }
}

/** What schedules need: whom they call, and where events go that it never got. */
export interface SchedulesProps {
  dispatch: JobFunction
  undelivered: sqs.Queue
  settings: InfraSettings
}

/** What starts rounds, reports and settlings: events for the dispatch function. */
export class Schedules extends Construct {
  readonly group: scheduler.ScheduleGroup
  private readonly props: SchedulesProps
  private readonly role: iam.Role

  constructor(scope: Construct, id: string, props: SchedulesProps) {
    super(scope, id)
    this.props = props
    this.group = new scheduler.ScheduleGroup(this, 'Group', {})
    this.role = this.roleOf(props)
    const { everyMinutes, reportEveryMinutes, settleEveryMinutes } = props.settings
    this.schedule('round', everyMinutes, 0)
    this.schedule('report', reportEveryMinutes, REPORT_OFFSET)
    this.schedule('settle', settleEveryMinutes, SETTLE_OFFSET)
  }

  /** The role of all schedules of this group, and of no others. */
  private roleOf({ dispatch, undelivered }: SchedulesProps): iam.Role {
    const conditions = {
      StringEquals: {
        'aws:SourceAccount': Stack.of(this).account,
        'aws:SourceArn': this.group.scheduleGroupArn,
      },
    }
    const role = new iam.Role(this, 'Role', {
      assumedBy: new iam.ServicePrincipal('scheduler.amazonaws.com', { conditions }),
    })
    const grant = (action: string, resource: string) =>
      role.addToPolicy(new iam.PolicyStatement({ actions: [action], resources: [resource] }))
    grant('lambda:InvokeFunction', dispatch.function.functionArn)
    grant('sqs:SendMessage', undelivered.queueArn)
    return role
  }

  private schedule(job: 'round' | 'report' | 'settle', minutes: number, offset: number): void {
    const { dispatch, undelivered, settings } = this.props
    const { cron, timeZone } = dueEvery(minutes, offset, settings.timeZone)
    const isFlexible = minutes >= FLEXIBLE_FROM
    new scheduler.Schedule(this, `Every-${job}`, {
      description: `Asks for ${job}, every ${minutes} minutes`,
      scheduleGroup: this.group,
      schedule: scheduler.ScheduleExpression.expression(cron, TimeZone.of(timeZone)),
      timeWindow: isFlexible
        ? scheduler.TimeWindow.flexible(Duration.minutes(1))
        : scheduler.TimeWindow.off(),
      target: {
        bind: () => ({
          arn: dispatch.function.functionArn,
          role: this.role,
          // What is due is decided by the time that was meant, however late the event comes.
          input: scheduler.ScheduleTargetInput.fromObject({
            job,
            at: scheduler.ContextAttribute.scheduledTime,
          }),
          retryPolicy: {
            maximumRetryAttempts: RETRIES,
            maximumEventAgeInSeconds: EVENT_AGE.toSeconds(),
          },
          deadLetterConfig: { arn: undelivered.queueArn },
        }),
      },
    })
  }
}
