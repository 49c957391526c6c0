import type { FunctionPorts } from '../backends/functions.ts'
import type { RoundsError } from '../errors.ts'
import { type Job, jobText, MOST_SITES } from '../job.ts'
import { type CollectRequest, collect } from '../pipeline.ts'
import { clockFrom } from './clock.ts'
import { inGroups } from './in-groups.ts'
import { isOfTheMail, isOfTheSite } from './of-the-site.ts'
import { siteTime } from './site-time.ts'
import { LAST_MS, type Worked, type Worker } from './work-off.ts'
import { workerOf } from './worker.ts'

/** How long a round may read from one site: one that is slower is read on by the next round. */
const SITE_MS = 20_000

/** How long a backfill may read from one site, below the time of a function: it asks for days. */
const BACKFILL_SITE_MS = 4 * 60_000 - LAST_MS

/** Works off rounds and backfills; what may need a mail is handed to those who mail. */
export function collectWorker(ports: FunctionPorts): Worker {
  const worker = workerOf(ports, 'rounds')
  const mails = ports.queue('mails')
  return {
    ...worker,
    async work(job, { hasTime, leftMs }): Promise<Worked> {
      const isBackfill = job.job === 'backfill'
      const settings = await ports.fleet.settingsOf(job)
      const rounds = await ports.rounds(settings, {
        clock: clockFrom(job.atMs, ports.clock),
        siteMs: siteTime(isBackfill ? BACKFILL_SITE_MS : SITE_MS, leftMs),
      })
      const { files, totals, failures, mail, left } = await collect(rounds, {
        ...requestOf(job),
        hasTime,
      })
      if (!isBackfill) await mails.send(mailJobs(job, mail))
      const { again, failed } = failedSites(failures)
      // A backfill asks for days of which a site may have nothing.
      const sites = isBackfill ? [...again, ...failed] : failures.map(({ site }) => site)
      const counts = { SitesFailed: new Set(sites).size }
      const isNew = totals.lines > 0 && { LinesAdded: totals.lines }
      worker.metrics({ ...(!isBackfill && { RoundsFinished: 1 }), ...counts, ...isNew })
      const { lines, bytes } = totals
      return {
        left,
        again,
        failed,
        told: { files: files.length, lines, bytes, mails: mail.length },
      }
    },
  }
}

function requestOf({ job, sites, from, to, feeds }: Job): CollectRequest {
  const range = from && to && { from, to }
  return {
    via: job === 'backfill' ? 'backfill' : 'round',
    paced: job === 'round' && !range,
    ...(sites && { sites }),
    ...(range && { range }),
    ...(feeds && { feeds }),
  }
}

/** One job for all sites about which a mail may be due, or as few as may be. */
function mailJobs({ id, atMs, settings }: Job, all: string[]) {
  return inGroups(all, MOST_SITES).map((sites) => {
    const job: Job = { id, job: 'notify', atMs, sites, ...(settings !== undefined && { settings }) }
    return { text: jobText(job), group: sites[0]! }
  })
}

/**
 * Sites of which something failed: those that may do better soon, and the others. Days of which a
 * site has nothing are none of both: a backfill asks for a month at a time, and some have nothing.
 * `faults` says of either why it failed, where that lies neither with the site nor with its mails.
 */
export function failedSites(failures: readonly { site: string; error: RoundsError }[]) {
  const again = new Set<string>()
  const failed = new Set<string>()
  const faults = new Map<string, RoundsError>()
  for (const { site, error } of failures) {
    if (error.class === 'retry' || error.code === 'site-slow') again.add(site)
    else if (error.code !== 'nothing-found') failed.add(site)
    if (!isOfTheSite(error) && !isOfTheMail(error) && !faults.has(site)) faults.set(site, error)
  }
  return { again: [...again], failed: [...failed].filter((site) => !again.has(site)), faults }
}
