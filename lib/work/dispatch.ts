import { chosenSites } from '../chosen-sites.ts'
import { ENV } from '../env.ts'
import { RoundsError } from '../errors.ts'
import { type Job, type JobName, jobText, MOST_SITES } from '../job.ts'
import { partOfSite } from '../ledger/parquet-parts.ts'
import type { Log } from '../log.ts'
import type { Message, Queue } from '../queue/queue.ts'
import type { Settings } from '../site.ts'
import { addDays } from '../time.ts'
import { inGroups } from './in-groups.ts'
import { groupOf } from './queues.ts'

/** What dispatching works with. */
export interface DispatchPorts {
  /** The version of the settings that counts, and all ids of its sites in order. */
  fleet: { newest(): Promise<number>; idsOf(version: number): Promise<string[]> }
  /** The queue that holds a kind of jobs. */
  queueOf(job: JobName): Queue
  /** From 1 to as many as a message may name; else dispatching is a `stop`. */
  sitesPerMessage: number
  log: Log
}

/** The page of all sites is made when those of the single sites had time to be. */
const OVERVIEW_AFTER_SECONDS = 300

/** Days of a backfill that one message asks for: some minutes of work, however slow the site. */
const DAYS_PER_MESSAGE = 31

/**
 * Turns a job for the whole fleet, or for some sites, into messages; tells how many. Before the
 * first settings there is nothing to do, which is no failure: schedules run from the deployment on.
 */
export async function dispatch(ports: DispatchPorts, job: Job): Promise<{ messages: number }> {
  const { sitesPerMessage: perMessage } = ports
  if (!(Number.isInteger(perMessage) && perMessage >= 1 && perMessage <= MOST_SITES)) {
    throw notPerMessage()
  }
  const version = await ports.fleet.newest()
  if (version === 0) {
    const hint = 'Run siterounds --backend aws apply siterounds.yaml.'
    ports.log('warn', 'job:no-settings', { id: job.id, job: job.job, hint })
    return { messages: 0 }
  }
  const ids = await ports.fleet.idsOf(version)
  const asked = sitesAsked(ids, job)
  const messages = messagesOf({ ...job, settings: version }, asked, ids.length, perMessage)
  await ports.queueOf(job.job).send(messages)
  const about = { id: job.id, job: job.job, sites: asked.length, messages: messages.length }
  ports.log('info', 'job:dispatched', about)
  return { messages: messages.length }
}

/** The sites of a job in their order; an unknown one is a `stop`. */
function sitesAsked(ids: readonly string[], { sites }: Job): string[] {
  if (!sites) return [...ids]
  const known = { sites: ids.map((id) => ({ id })) } as Settings
  return chosenSites(known, sites).map(({ id }) => id)
}

function messagesOf(job: Job, ids: string[], fleetSize: number, perMessage: number): Message[] {
  switch (job.job) {
    case 'backfill':
      return ids.flatMap((id) => inMonths(job).map((part) => messageOf(part, [id])))
    case 'settle': {
      // Who settles a site makes the archive's file of its part: one worker for one file.
      const parts = new Map<string, string[]>()
      for (const id of ids) {
        const part = partOfSite(id, fleetSize)
        parts.set(part, [...(parts.get(part) ?? []), id])
      }
      return [...parts.values()].map((own) => messageOf(job, own))
    }
    case 'report': {
      const pages = inGroups(ids, perMessage).map((own) => messageOf(job, own))
      return [...pages, messageOf({ ...job, job: 'overview' }, undefined, OVERVIEW_AFTER_SECONDS)]
    }
    case 'overview':
      return [messageOf(job, undefined)]
    default:
      return inGroups(ids, perMessage).map((own) => messageOf(job, own))
  }
}

function messageOf(job: Job, own: string[] | undefined, delaySeconds?: number): Message {
  const { sites: _, ...rest } = job
  const text = jobText({ ...rest, ...(own && { sites: own }) })
  return { text, group: groupOf(job, own), ...(delaySeconds && { delaySeconds }) }
}

/** The same job for a month of its days at a time. */
function inMonths(job: Job): Job[] {
  const parts: Job[] = []
  const last = job.to!
  for (let from = job.from!; from <= last; from = addDays(from, DAYS_PER_MESSAGE)) {
    const end = addDays(from, DAYS_PER_MESSAGE - 1)
    parts.push({ ...job, from, to: end < last ? end : last })
  }
  return parts
}

function notPerMessage(): RoundsError {
  return new RoundsError(
    'environment',
    'stop',
    `${ENV.sitesPerMessage} is no whole number from 1 to ${MOST_SITES}.`,
    'Set sitesPerMessage, and deploy the stacks again.',
  )
}
