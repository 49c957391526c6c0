import { ENV, type EnvName, readEnv } from '../env.ts'
import { jsonLog, type Log } from '../log.ts'
import type { Rounds } from '../pipeline.ts'
import type { Queue } from '../queue/queue.ts'
import { sqsQueue } from '../queue/sqs.ts'
import type { Settings } from '../site.ts'
import { type Clock, systemClock } from '../time.ts'
import { type AwsPorts, awsRounds, openPorts, type RoundsOptions } from './aws.ts'
import { type Fleet, fleetIn } from './fleet.ts'

/** A queue that a function may know. */
export type QueueName = 'rounds' | 'mails' | 'reports' | 'settlings' | 'deadLetters'

/** What a function works with: opened once, and kept while its process is warm. */
export interface FunctionPorts extends Pick<AwsPorts, 'table'> {
  fleet: Fleet
  log: Log
  /** Writes a line of the function's log as it is. */
  write(line: string): void
  /** Names the fleet in metrics. */
  stack: string
  /** The machine's. */
  clock: Clock
  /** A queue whose URL the environment names. */
  queue(name: QueueName): Queue
  rounds(settings: Settings, options: Omit<RoundsOptions, 'log'>): Promise<Rounds>
}

/** Opens what a function's environment names; the clients of AWS take region and keys from it. */
export function openFunction(env: Record<string, string | undefined>): FunctionPorts {
  const { table, stack } = readEnv(env, ['table', 'stack'])
  const places = {
    table,
    ...placeOf(env, 'archive'),
    ...placeOf(env, 'pages'),
    ...placeOf(env, 'secret'),
    ...placeOf(env, 'configurationSet'),
    ...placeOf(env, 'publicUrl'),
  }
  const ports = openPorts(places)
  // Straight to the output: console would wrap a line that is JSON already.
  const write = (line: string) => void process.stdout.write(line)
  const log = jsonLog(write, systemClock.now)
  // Each has connections of its own, which a warm process keeps.
  const queues = new Map<QueueName, Queue>()
  return {
    ...{ stack, log, write, table: ports.table, clock: systemClock },
    fleet: fleetIn(ports.table),
    queue(name) {
      const queue = queues.get(name) ?? sqsQueue(readEnv(env, [name])[name])
      queues.set(name, queue)
      return queue
    },
    rounds: (settings, options) => awsRounds(ports, settings, { ...options, log }),
  }
}

function placeOf<Name extends EnvName>(env: Record<string, string | undefined>, name: Name) {
  const value = env[ENV[name]]
  return (value ? { [name]: value } : {}) as Partial<Record<Name, string>>
}
