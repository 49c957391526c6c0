import type { Feed } from '../site.ts'

/**
 * The three feeds, as the sites' platform writes them: `|` between fields, no quoting, no header.
 *
 * system   server_name|server_ip|site_id|cpu|user_use|sys_use|io_use|idle|record_time
 *          server_name|server_ip|site_id|mem|mem_use|mem_free|mem_buffer|mem_total|record_time
 *          server_name|server_ip|site_id|disk|<mount>|disk_used|disk_total|record_time
 *          server_name|server_ip|site_id|os|<name>|<kernel>|record_time
 *          server_name|server_ip|site_id|uptime|<seconds>|record_time
 *          server_name|server_ip|site_id|node|<node_name>|<state>|record_time
 * alarm    site_id|alarm_name|alarm_node|alarm_desc|alarm_time|alarm_resume_time|record_time
 * service  site_id|sub_users|unsub_users|total_users|call_times|show_times|mo_times|mt_times|
 *          record_time
 */

/** A moment as a site wrote it and as it was understood. */
export interface Stamp {
  /** `YYYY-MM-DD HH:MM:SS`, the site's own text. */
  text: string
  /** Epoch milliseconds in the site's time zone. */
  ms: number
}

/** One sample of one server. Percentages are 0 to 100, sizes are bytes. */
export type SystemReading = { server: string; ip: string; recorded: Stamp } & (
  | { type: 'cpu'; user: number; system: number; io: number; idle: number }
  | { type: 'mem'; used: number; free: number; buffer: number; total: number }
  | { type: 'disk'; mount: string; used: number; total: number }
  | { type: 'os'; name: string; kernel: string }
  | { type: 'uptime'; uptimeSeconds: number }
  | { type: 'node'; node: string; state: string }
)

/** One observation of an alarm. */
export interface AlarmReading {
  name: string
  node: string
  description: string
  raised: Stamp
  /** Absent while the alarm stands. It may lie before `raised`: real sites write that. */
  recovered?: Stamp
  recorded: Stamp
}

/** The counts of one day, in the columns' order. */
export interface ServiceReading {
  subscribed: number
  unsubscribed: number
  totalUsers: number
  calls: number
  shows: number
  mo: number
  mt: number
  recorded: Stamp
}

/** The seven counts, in the columns' order. */
export const SERVICE_COUNTS = [
  'subscribed',
  'unsubscribed',
  'totalUsers',
  'calls',
  'shows',
  'mo',
  'mt',
] as const

/** One of the seven counts. */
export type ServiceCount = (typeof SERVICE_COUNTS)[number]

/** The reading that a line of each feed gives. */
export interface ReadingOf {
  system: SystemReading
  alarm: AlarmReading
  service: ServiceReading
}

/** Why a line was not understood. Shown to people by the message catalogue. */
export type RejectReason =
  | 'field-count'
  | 'bad-number'
  | 'bad-time'
  | 'empty-field'
  | 'foreign-site'
  | 'oversize'

/** A line that was not understood. */
export interface Reject {
  reason: RejectReason
  /** The line as text, cut at 200 characters. */
  text: string
}

/** What a run of lines gave: lines = readings + rejects + unknown + blank, always. */
export interface Parsed<F extends Feed> {
  lines: number
  readings: ReadingOf[F][]
  rejects: Reject[]
  unknown: number
  blank: number
}

/**
 * Whether two service lines say the same. Their moments need not be equal: in a repeated hour it
 * depends on the lines before, which of two moments a line is taken for.
 */
export function sameCounts(one: ServiceReading, other: ServiceReading | undefined): boolean {
  return (
    other !== undefined &&
    one.recorded.text === other.recorded.text &&
    SERVICE_COUNTS.every((count) => one[count] === other[count])
  )
}
