import type { DescribedAlarm } from '../../lib/alarms/alarm.ts'
import type { Settings, Site } from '../../lib/site.ts'
import { MINUTE_MS, Zone } from '../../lib/time.ts'

/** The instant at which the tests look: 2026-11-10 23:59 in Shanghai. */
export const AT = Date.parse('2026-11-10T15:59:00Z')

const ZONE = new Zone('Asia/Shanghai')

/** An alarm that has stood for so many minutes. */
export function alarm(
  name: string,
  standsMinutes: number,
  change: Partial<DescribedAlarm> = {},
): DescribedAlarm {
  const raisedMs = AT - standsMinutes * MINUTE_MS
  return {
    site: 'bj01',
    name,
    node: 'bj01-ne001',
    raisedText: ZONE.textOf(raisedMs),
    raisedMs,
    description: '',
    changedMs: AT - MINUTE_MS,
    backfilled: false,
    severity: 'major',
    title: name,
    ...change,
  }
}

/** A site with one recipient. */
export const SITE: Site = {
  id: 'bj01',
  name: '北京一局',
  timeZone: 'Asia/Shanghai',
  language: 'zh-CN',
  source: { kind: 'directory', path: '/nowhere', maxFileBytes: 1 },
  siteIds: ['bj01'],
  feeds: {},
  serviceCountsOf: 'fileDay',
  units: 'bytes',
  onRewrite: 'merge',
  recipients: ['ops@example.org'],
}

/** Settings around it. */
export const SETTINGS: Settings = {
  state: '/nowhere',
  sites: [SITE],
  thresholds: {
    cpuPercent: 90,
    memoryPercent: 90,
    diskPercent: 90,
    standsForMinutes: 15,
    expireAfterDays: 2,
    gapMinutes: 15,
  },
  mail: { kind: 'outbox', from: 'rounds@example.com' },
  report: { title: 'Siterounds', languages: ['zh-CN'], todayEveryMinutes: 10 },
  retention: { keepDays: 35, settleAfterDays: 2 },
  schedule: { everyMinutes: 5, sitesAtOnce: 4 },
  serve: { port: 0 },
}
