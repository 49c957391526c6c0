import { type ByteUnit, type Day, FEEDS, type Feed, type Language } from '../lib/site.ts'
import { DAY_MS, type Zone, zoneNamed } from '../lib/time.ts'

/** A disk that fills from one share to another over some days, is cleared, and fills again. */
export interface SampleDisk {
  mount: string
  totalBytes: number
  fromPercent: number
  toPercent: number
  cycleDays: number
}

/** A server of a sample site. */
export interface SampleServer {
  name: string
  ip: string
  osName: string
  kernel: string
  memoryBytes: number
  /** CPU at night, and how much the busy hours add; both percent. */
  restPercent: number
  busyPercent: number
  disks: SampleDisk[]
  /** Application nodes on it. */
  nodes: string[]
  /** Days on which it is hot all day long. */
  hotOn?: (day: Day) => boolean
  /** Days on which it writes nothing from 13:00 to 15:30. */
  silentOn?: (day: Day) => boolean
}

/** The figures that a sample site's service counts move around. */
export interface SampleService {
  /** Users at the end of 2025, and how many more each day brings. */
  users: number
  usersADay: number
  callsADay: number
  /**
   * When the file of day D is written: `nextDay` at 00:10 of D+1, as most platforms do;
   * `lateEvening` at 23:50 of D, its newline only at 00:10 of D+1; `dayBefore` at 00:10 of D with
   * the counts of D-1, its newline at 00:10 of D+1, so that its line is provisional all day long.
   */
  written: 'nextDay' | 'lateEvening' | 'dayBefore'
  /** Days on which calls fall to a fifth. */
  outageOn?: (day: Day) => boolean
  /** Days on which users are moved in without being counted, so that the total does not balance. */
  movedInOn?: { everyDays: number; at: number; users: number }
}

/** A site that does not exist, and writes like one that does. */
export interface SampleSite {
  id: string
  name: string
  zone: Zone
  language: Language
  charset: 'utf-8' | 'gb18030'
  eol: '\n' | '\r\n'
  units: ByteUnit
  servers: SampleServer[]
  /** About how many alarms a day; 0 for a site that has no alarm feed at all. */
  alarmsADay: number
  /** Beginning of the names of its network elements. */
  elements: string
  service: SampleService
  /** Past days whose system file lost its morning because the site rewrote it at noon. */
  replacedOn?: (day: Day) => boolean
}

/** Days since the end of 2025, so that 2026-01-01 is 1: what cycles of the sample sites count. */
export function dayNumber(day: Day): number {
  return (Date.parse(`${day}T00:00:00Z`) - Date.parse('2025-12-31T00:00:00Z')) / DAY_MS
}

/** Where a day stands in a cycle of `length` days: 0 to length - 1, also before 2026. */
export function dayInCycle(day: Day, length: number): number {
  return ((dayNumber(day) % length) + length) % length
}

/** The feeds that a sample site writes. */
export function feedsOf(site: SampleSite): Feed[] {
  return FEEDS.filter((feed) => feed !== 'alarm' || site.alarmsADay > 0)
}

const GIB = 1024 ** 3

const CENTOS = { osName: 'CentOS Linux 7.9.2009', kernel: '3.10.0-1160.el7.x86_64' }
const KYLIN = { osName: '银河麒麟 V10 (Lance)', kernel: '4.19.90-52.22.v2207.ky10.x86_64' }
const DEBIAN = { osName: 'Debian GNU/Linux 12 (bookworm)', kernel: '6.1.0-28-amd64' }

function disk(
  mount: string,
  sizeGib: number,
  fromPercent: number,
  toPercent: number,
  cycleDays: number,
): SampleDisk {
  return { mount, totalBytes: sizeGib * GIB, fromPercent, toPercent, cycleDays }
}

const east: SampleSite = {
  id: 'east',
  name: '东城局',
  zone: zoneNamed('Asia/Shanghai'),
  language: 'zh-CN',
  charset: 'utf-8',
  eol: '\n',
  units: 'bytes',
  servers: [
    {
      name: 'east-app01',
      ip: '10.31.1.11',
      ...CENTOS,
      memoryBytes: 32 * GIB,
      restPercent: 12,
      busyPercent: 38,
      disks: [disk('/', 100, 38, 61, 240), disk('/home', 500, 52, 74, 90)],
      nodes: ['call-gateway', 'push-engine'],
    },
    {
      name: 'east-app02',
      ip: '10.31.1.12',
      ...CENTOS,
      memoryBytes: 32 * GIB,
      restPercent: 10,
      busyPercent: 35,
      disks: [disk('/', 100, 41, 60, 230), disk('/home', 500, 48, 79, 75)],
      nodes: ['call-gateway', 'push-engine'],
      hotOn: (day) => dayInCycle(day, 5) === 2,
    },
    {
      name: 'east-db01',
      ip: '10.31.1.21',
      ...CENTOS,
      memoryBytes: 64 * GIB,
      restPercent: 18,
      busyPercent: 27,
      disks: [disk('/', 100, 33, 47, 300), disk('/data', 2000, 66, 97, 31)],
      nodes: ['user-db'],
    },
  ],
  alarmsADay: 110,
  elements: 'DC-NE',
  service: {
    users: 1_183_000,
    usersADay: 410,
    callsADay: 905_000,
    written: 'nextDay',
    outageOn: (day) => dayInCycle(day, 41) === 33,
  },
  replacedOn: (day) => dayInCycle(day, 13) === 5,
}

const south: SampleSite = {
  id: 'south',
  name: '南湾局',
  zone: zoneNamed('Asia/Shanghai'),
  language: 'zh-CN',
  charset: 'gb18030',
  eol: '\r\n',
  units: 'KiB',
  servers: [
    {
      name: '南湾应用一',
      ip: '10.32.1.11',
      ...KYLIN,
      memoryBytes: 16 * GIB,
      restPercent: 7,
      busyPercent: 24,
      disks: [disk('/', 80, 44, 58, 200), disk('/日志', 200, 35, 92, 24)],
      nodes: ['呼叫网关', '短信网关'],
      hotOn: (day) => dayInCycle(day, 9) === 4,
    },
    {
      name: '南湾数据一',
      ip: '10.32.1.21',
      ...KYLIN,
      memoryBytes: 32 * GIB,
      restPercent: 9,
      busyPercent: 18,
      disks: [disk('/', 80, 30, 42, 260), disk('/数据', 1000, 51, 83, 120)],
      nodes: ['用户库'],
    },
  ],
  alarmsADay: 60,
  elements: '南湾网元',
  service: {
    users: 412_000,
    usersADay: 95,
    callsADay: 218_000,
    written: 'lateEvening',
    movedInOn: { everyDays: 41, at: 9, users: 650 },
  },
}

const west: SampleSite = {
  id: 'west',
  name: 'Western Yard',
  zone: zoneNamed('Europe/Berlin'),
  language: 'en',
  charset: 'utf-8',
  eol: '\n',
  units: 'MiB',
  servers: [
    {
      name: 'yard-app',
      ip: '10.33.1.11',
      ...DEBIAN,
      memoryBytes: 8 * GIB,
      restPercent: 4,
      busyPercent: 16,
      disks: [disk('/', 40, 29, 51, 150), disk('/srv', 250, 40, 71, 66)],
      nodes: ['gateway', 'notifier'],
    },
    {
      name: 'yard-db',
      ip: '10.33.1.12',
      ...DEBIAN,
      memoryBytes: 16 * GIB,
      restPercent: 6,
      busyPercent: 11,
      disks: [disk('/', 40, 25, 38, 170), disk('/var/lib/postgresql', 400, 43, 88, 47)],
      nodes: ['subscriber-db'],
      silentOn: (day) => dayInCycle(day, 6) === 1,
    },
  ],
  alarmsADay: 0,
  elements: '',
  service: {
    users: 96_500,
    usersADay: 24,
    callsADay: 41_000,
    written: 'dayBefore',
  },
}

/**
 * The three sample sites. `east` (bytes) replaces a system file at noon now and then, `south`
 * (KiB) writes GB18030 with CRLF, `west` (MiB, another time zone) has no alarm feed.
 */
export const SAMPLE_SITES: readonly SampleSite[] = [east, south, west]
