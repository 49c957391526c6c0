import type { Language } from '../site.ts'

/** A duration of whole minutes, at least 0, split for reading. */
interface Duration {
  days: number
  hours: number
  minutes: number
}

/** The words of a mail about open alarms. Every function takes plain text and gives plain text. */
export interface MailTexts {
  /** Constant for a site: mail programs thread by it. */
  subject(site: string): string
  /** The whole message in one sentence, without the site's name. */
  verdict(alarms: number): string
  /** Added when alarms of earlier mails are still open, else not used. */
  mailedBefore(alarms: number): string
  severities: Record<'critical' | 'major' | 'minor' | 'warning' | 'unknown', string>
  node: string
  /** Before the time at which an alarm was raised. */
  raised: string
  stands(duration: string): string
  duration(of: Duration): string
  /** When there are more alarms than a mail lists. */
  more(alarms: number): string
  openPage: string
  asOf(time: string, zone: string): string
  /** Who sent this, and how it stops. */
  footer: string
  /** Between two facts on one line. */
  separator: string
}

/** The words of mails in each language. */
export const MAIL_TEXTS: Record<Language, MailTexts> = {
  'zh-CN': {
    subject: (site) => `[告警] ${site}`,
    verdict: (alarms) => `${alarms} 项告警未恢复`,
    mailedBefore: (alarms) => `另有 ${alarms} 项此前已发邮件，仍未恢复。`,
    severities: {
      critical: '紧急',
      major: '重要',
      minor: '次要',
      warning: '提示',
      unknown: '未知',
    },
    node: '节点',
    raised: '发生于',
    stands: (duration) => `已持续 ${duration}`,
    duration: ({ days, hours, minutes }) => {
      if (days > 0) return `${days} 天 ${hours} 小时`
      return hours > 0 ? `${hours} 小时 ${minutes} 分` : `${minutes} 分钟`
    },
    more: (alarms) => `还有 ${alarms} 项未在此列出。`,
    openPage: '查看局点当日报告',
    asOf: (time, zone) => `截至 ${time}（${zone}），所有时间均为局点当地时间。`,
    footer:
      '由 Siterounds 自动发送，同一告警只发一次。如不再接收，请在局点设置的 recipients 中移除此地址。',
    separator: ' · ',
  },
  en: {
    subject: (site) => `[Alarms] ${site}`,
    verdict: (alarms) =>
      alarms === 1 ? '1 alarm has not recovered' : `${alarms} alarms have not recovered`,
    mailedBefore: (alarms) =>
      alarms === 1
        ? '1 more, mailed before, is still open.'
        : `${alarms} more, mailed before, are still open.`,
    severities: {
      critical: 'Critical',
      major: 'Major',
      minor: 'Minor',
      warning: 'Warning',
      unknown: 'Unknown',
    },
    node: 'Node',
    raised: 'since',
    stands: (duration) => `Open for ${duration}`,
    duration: ({ days, hours, minutes }) => {
      if (days > 0) return `${days} d ${hours} h`
      return hours > 0 ? `${hours} h ${minutes} min` : `${minutes} min`
    },
    more: (alarms) => `${alarms} more are not listed here.`,
    openPage: "Open the site's report of that day",
    asOf: (time, zone) => `As of ${time} (${zone}); all times are local to the site.`,
    footer:
      'Sent by Siterounds, once for each alarm. To receive no more, have this address removed ' +
      'from the recipients in the settings of the site.',
    separator: ' · ',
  },
}
