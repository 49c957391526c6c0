import { RoundsError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { Rounds } from '../pipeline.ts'
import { systemClock } from '../time.ts'
import { type AwsPorts, awsRounds, openPorts } from './aws.ts'
import { type Fleet, fleetIn } from './fleet.ts'
import { type StackOutputs, type StackPart, stackOutputs } from './stack-outputs.ts'

/** A deployed fleet as whoever runs a command finds it: with that person's own credentials. */
export interface Stack {
  prefix: string
  outputs: StackOutputs
  ports: AwsPorts
  fleet: Fleet
  close(): Promise<void>
}

/**
 * Opens the stacks whose names begin with `prefix`. Table and archive must be there; pages and
 * functions are missed only by what needs them: these stacks may be gone without any loss.
 */
export async function openStack(prefix: string): Promise<Stack> {
  const outputs = stackOutputs(prefix)
  const [data, site, pipeline] = await Promise.all([
    outputs.all('data'),
    ifThere(outputs, 'site'),
    ifThere(outputs, 'pipeline'),
  ])
  const table = await outputs.one('data', 'TableName')
  const ports = openPorts({
    table,
    ...named('archive', data.get('ArchiveBucket')),
    ...named('secret', data.get('SiteSecretArn')),
    ...named('pages', site.get('PagesBucket')),
    ...named('publicUrl', site.get('PublicUrl')),
    ...named('configurationSet', pipeline.get('ConfigurationSet')),
  })
  const fleet = fleetIn(ports.table)
  return { prefix, outputs, ports, fleet, close: () => ports.table.close() }
}

/** The rounds of a fleet, by the newest version of its settings. */
export async function openStackRounds(
  prefix: string,
  log: Log,
): Promise<Rounds & { close(): Promise<void> }> {
  const stack = await openStack(prefix)
  try {
    return await stackRounds(stack, log)
  } catch (thrown) {
    await stack.close()
    throw thrown
  }
}

/** The same of stacks that are open; closing the rounds closes them. */
export async function stackRounds(
  { fleet, ports, close }: Stack,
  log: Log,
): Promise<Rounds & { close(): Promise<void> }> {
  const rounds = await awsRounds(ports, await fleet.settingsOf({}), { clock: systemClock, log })
  return {
    ...rounds,
    async close() {
      await rounds.mailer.close()
      await close()
    },
  }
}

async function ifThere(outputs: StackOutputs, part: StackPart) {
  try {
    return await outputs.all(part)
  } catch (thrown) {
    if (thrown instanceof RoundsError && thrown.code === 'no-stack')
      return new Map<string, string>()
    throw thrown
  }
}

function named<Name extends string>(name: Name, value: string | undefined) {
  return (value === undefined ? {} : { [name]: value }) as Partial<Record<Name, string>>
}
