import { join } from 'node:path'
import type { Severity } from '../lib/alarms/alarm.ts'

/** A kind of alarm that the sample sites know. */
export interface AlarmKind {
  /** What stands in `alarm_name`: a code, as real platforms write it. */
  name: string
  severity: Severity
  zh: string
  en: string
  /** How often it happens beside the others; 0 is never by chance, only on purpose. */
  weight: number
}

/** CPU of a server above its threshold: the sample sites raise it when a server is hot. */
export const CPU_HIGH = 'ALM-3001'
/** Memory of a server above its threshold. */
export const MEMORY_HIGH = 'ALM-3002'
/** A file system nearly full. */
export const DISK_FULL = 'ALM-3003'

/** Every kind, as it stands in `alarm-dictionary.csv`. */
export const ALARM_KINDS: readonly AlarmKind[] = [
  kind('ALM-2001', 'critical', '光口无光', 'No light at optical port', 3),
  kind('ALM-2002', 'major', '帧丢失', 'Loss of frame', 5),
  kind('ALM-2003', 'minor', '误码率过高', 'Bit error rate too high', 9),
  kind('ALM-2004', 'warning', '远端缺陷指示', 'Remote defect indication', 12),
  kind('ALM-2005', 'critical', '中继链路中断', 'Trunk link down', 4),
  kind('ALM-2006', 'major', '单板不在位', 'Board missing', 2),
  kind('ALM-2007', 'minor', '风扇转速异常', 'Fan speed out of range', 4),
  kind('ALM-2008', 'major', '电源模块故障', 'Power module failed', 2),
  kind('ALM-2009', 'critical', '机柜温度过高', 'Cabinet too hot', 1),
  kind('ALM-2010', 'major', '时钟参考源丢失', 'Clock reference lost', 3),
  kind('ALM-2011', 'minor', '心跳超时', 'Heartbeat timed out', 14),
  kind('ALM-2012', 'critical', '数据库连接失败', 'Database connection failed', 2),
  kind('ALM-2013', 'major', '业务进程退出', 'Service process exited', 3),
  kind('ALM-2014', 'critical', '话单积压', 'Call records piling up', 2),
  kind('ALM-2015', 'major', '短信下发失败率高', 'Many short messages fail', 6),
  kind('ALM-2016', 'minor', '签名推送超时', 'Signature push timed out', 8),
  kind('ALM-2017', 'warning', '许可证即将到期', 'Licence about to expire', 1),
  kind('ALM-2018', 'warning', '配置未备份', 'Configuration not backed up', 1),
  kind(CPU_HIGH, 'major', 'CPU 占用过高', 'CPU load too high', 0),
  kind(MEMORY_HIGH, 'major', '内存占用过高', 'Memory nearly used up', 0),
  kind(DISK_FULL, 'critical', '磁盘空间不足', 'Disk nearly full', 0),
]

/** Where the dictionary of these kinds lies, absolute. A test holds it equal to the kinds. */
export const ALARM_DICTIONARY_PATH = join(import.meta.dirname, 'alarm-dictionary.csv')

/** The dictionary file's text: a header, then one line a kind. No text needs quoting. */
export function alarmDictionaryCsv(): string {
  const lines = ALARM_KINDS.map((one) => [one.name, one.severity, one.zh, one.en].join(','))
  return `${['alarm_name,severity,text_zh,text_en', ...lines].join('\n')}\n`
}

function kind(name: string, severity: Severity, zh: string, en: string, weight: number): AlarmKind {
  return { name, severity, zh, en, weight }
}
