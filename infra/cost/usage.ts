import { readFileSync } from 'node:fs'

/** What one job asks for one site, on the average. */
export interface Usage {
  /** Of DynamoDB: strongly consistent reads, and writes. */
  readUnits: number
  writeUnits: number
  /** Requests to S3; a LIST is billed as a PUT. */
  puts: number
  gets: number
  /** Requests to the site's own web server, all of which are waited for. */
  requests: number
}

/** What is done for a site, each measured by itself. */
export interface Jobs<Of> {
  /** A round that brings what is usual at its pace; mails are apart. */
  round: Of
  /** What one mail adds to a round. */
  mail: Of
  /** A look at the pages of the running day. */
  report: Of
  /** The settling of the day that ended, with its pages. */
  settling: Of
  /** A look that finds nothing to be settled. */
  idleSettle: Of
}

/** The name of a job. */
export type JobName = keyof Jobs<unknown>

/** What was measured at one pace, of one site. */
export interface Pace {
  usage: Jobs<Usage>
  /** Milliseconds of one processor of 2026; `coldStart` is of a process, behind its imports. */
  cpuMs: Jobs<number> & { coldStart: number }
  /** What a day leaves in the table, with the 100 bytes that DynamoDB adds to each item. */
  tableBytes: number
}

/** What was measured, by minutes from round to round; counts and bytes are of one site. */
export interface Measured {
  paces: Record<string, Jobs<Usage>>
  cpuMs: Record<string, Pace['cpuMs']>
  tableBytes: Record<string, number>
  /** What a day leaves in S3, whatever the pace. */
  storedBytes: { archive: number; parquet: number; pages: number }
  /** What is read of a site in a day, and what a reader gets who opens a page. */
  readBytes: { siteDay: number; pageView: number }
  /** What a message leaves in the logs, the lines that Lambda writes included. */
  logBytes: { perMessage: number }
  /** The languages of the pages that were measured. */
  languages: number
}

/** What was measured: test/aws/usage.test.ts counts requests, test/aws/cpu.ts processor time. */
export const MEASURED: Measured = JSON.parse(
  readFileSync(new URL('usage.json', import.meta.url), 'utf8'),
)

/**
 * What a site takes when a round comes every so many minutes: as measured, on a straight line
 * between two measured paces, and as at the nearest one outside them.
 */
export function paceOf(everyMinutes: number, measured: Measured): Pace {
  const paces = Object.keys(measured.paces).map(Number)
  const above = Math.min(...paces.filter((minutes) => minutes >= everyMinutes))
  const below = Math.max(...paces.filter((minutes) => minutes <= everyMinutes))
  if (!Number.isFinite(below) || above === below) return measuredAt(above, measured)
  if (!Number.isFinite(above)) return measuredAt(below, measured)
  const share = (everyMinutes - below) / (above - below)
  return between(measuredAt(below, measured), measuredAt(above, measured), share)
}

function measuredAt(minutes: number, { paces, cpuMs, tableBytes }: Measured): Pace {
  return {
    usage: paces[minutes]!,
    cpuMs: cpuMs[minutes]!,
    tableBytes: tableBytes[minutes]!,
  }
}

/** Figures between two of the same shape: all numbers, or groups of such. */
function between<Figures>(low: Figures, high: Figures, share: number): Figures {
  if (typeof low === 'number' && typeof high === 'number') {
    return (low + share * (high - low)) as Figures
  }
  const names = Object.keys(low as object) as (keyof Figures)[]
  return Object.fromEntries(
    names.map((name) => [name, between(low[name], high[name], share)]),
  ) as Figures
}
