import { type App, type Environment, Tags, Validations } from 'aws-cdk-lib'
import { DataStack } from './data-stack.ts'
import { securityRules } from './nag.ts'
import { type PipelineProps, PipelineStack } from './pipeline-stack.ts'
import { readInfraSettings } from './settings.ts'
import { SiteStack } from './site-stack.ts'

/** The stacks of one fleet. */
export interface Stacks {
  data: DataStack
  site: SiteStack
  pipeline: PipelineStack
}

/**
 * Adds the stacks of one fleet to an app, as the settings in its context say. Three of them, by
 * what may be lost: data is kept for good, the site can be computed again, the pipeline holds
 * nothing. Throws when settings are wrong.
 */
export function addStacks(
  app: App,
  codeOf: PipelineProps['codeOf'],
  env: Environment = {},
): Stacks {
  const settings = readInfraSettings(app.node, env.region)
  const { prefix } = settings
  const data = new DataStack(app, `${prefix}-data`, {
    env,
    prefix,
    description: 'Siterounds: ledger, archive, passwords. It is kept.',
  })
  const site = new SiteStack(app, `${prefix}-site`, {
    env,
    settings,
    description: 'Siterounds: the report site.',
  })
  const pipeline = new PipelineStack(app, `${prefix}-pipeline`, {
    ...{ env, settings, data, site, codeOf },
    description: 'Siterounds: schedules, functions, queues, mail, monitoring.',
  })
  Tags.of(app).add('siterounds', prefix)
  Validations.of(app).addPlugins(securityRules(app))
  return { data, site, pipeline }
}
