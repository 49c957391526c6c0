import type { RoundsError } from '../errors.ts'
import { DOWN } from '../ledger/collect-day.ts'

/**
 * Codes of what lies with a site, its web server or its files. Rounds tell of it, pages show it,
 * and it may be so for days: nobody who operates Siterounds need look.
 */
export const OF_THE_SITE: ReadonlySet<string> = new Set([
  ...DOWN,
  ...['nothing-found', 'not-a-data-file', 'too-large', 'encoded-body', 'cut-body', 'closed'],
  ...['http-status', 'not-http', 'unexpected-304', 'redirect', 'bad-range'],
  ...['folder-missing', 'not-a-file', 'not-permitted', 'unreadable'],
])

/** Whether a failure lies with the site. */
export function isOfTheSite({ code }: RoundsError): boolean {
  return OF_THE_SITE.has(code)
}

/** Whether a mail was not taken: the metric of mails that wait tells of it, until they are sent. */
export function isOfTheMail({ code }: RoundsError): boolean {
  return code.startsWith('mail-')
}
