import { RoundsError } from './errors.ts'

/** The environment of the functions: infra sets it, `readEnv` reads it. */
export const ENV = {
  table: 'SITEROUNDS_TABLE',
  archive: 'SITEROUNDS_ARCHIVE',
  pages: 'SITEROUNDS_PAGES',
  /** URLs of the queues, by the job that they hold. */
  rounds: 'SITEROUNDS_ROUNDS_QUEUE',
  mails: 'SITEROUNDS_MAILS_QUEUE',
  reports: 'SITEROUNDS_REPORTS_QUEUE',
  settlings: 'SITEROUNDS_SETTLINGS_QUEUE',
  /** URL of the queue for what a function could not do. */
  deadLetters: 'SITEROUNDS_DEAD_LETTERS_QUEUE',
  /** Names the fleet in metrics. */
  stack: 'SITEROUNDS_STACK',
  /** The secret that holds all passwords, as one JSON object. */
  secret: 'SITEROUNDS_SECRET',
  /** The configuration set of SES under which mails are sent. */
  configurationSet: 'SITEROUNDS_CONFIGURATION_SET',
  /** Where readers find the report site. */
  publicUrl: 'SITEROUNDS_PUBLIC_URL',
  sitesPerMessage: 'SITEROUNDS_SITES_PER_MESSAGE',
} as const

/** The name of something that a function finds in its environment. */
export type EnvName = keyof typeof ENV

/** The values of these names; what is not set is a fault of the deployment, told as a `stop`. */
export function readEnv<Name extends EnvName>(
  env: Record<string, string | undefined>,
  names: readonly Name[],
): Record<Name, string> {
  const missing = names.filter((name) => !env[ENV[name]]).map((name) => ENV[name])
  if (missing.length === 0) {
    return Object.fromEntries(names.map((name) => [name, env[ENV[name]]])) as Record<Name, string>
  }
  throw new RoundsError(
    'environment',
    'stop',
    `The environment lacks ${missing.join(', ')}.`,
    'Deploy the stacks again; by hand, take the values from the outputs of the stacks.',
  )
}
