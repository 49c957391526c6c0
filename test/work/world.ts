import { fleetIn } from '../../lib/backends/fleet.ts'
import type { FunctionPorts, QueueName } from '../../lib/backends/functions.ts'
import { RoundsError } from '../../lib/errors.ts'
import { withDeadline } from '../../lib/fetch/deadline.ts'
import type { Answer } from '../../lib/fetch/source.ts'
import { jsonLog } from '../../lib/log.ts'
import type { Message } from '../../lib/mail/mailer.ts'
import { systemChance } from '../../lib/random.ts'
import { DEFAULT_PATHS, type Settings, type Site } from '../../lib/site.ts'
import { memoryTable } from '../../lib/store/memory.ts'
import type { Objects } from '../../lib/store/objects.ts'
import { writeVersion } from '../../lib/store/settings-versions.ts'
import type { Table } from '../../lib/store/table.ts'
import { SETTINGS as SAMPLE } from '../notify/alarms.ts'
import { type Logged, type RecordingQueue, recordingQueue } from './recording.ts'

/** A site in Shanghai with alarms alone; whoever looks after it is mailed. */
export function siteOf(id: string, more: Partial<Site> = {}): Site {
  return {
    ...{ id, name: `Site ${id}`, timeZone: 'Asia/Shanghai', language: 'en', siteIds: [id] },
    source: { kind: 'directory', path: '/nowhere', maxFileBytes: 1e9 },
    feeds: { alarm: { path: DEFAULT_PATHS.alarm } },
    ...{ serviceCountsOf: 'fileDay', units: 'bytes', onRewrite: 'merge' },
    recipients: ['ops@example.org'],
    ...more,
  }
}

/** Settings of sites with these ids. */
export function settingsOf(ids: readonly string[], more: Partial<Settings> = {}): Settings {
  const report = { ...SAMPLE.report, languages: ['en' as const] }
  return { ...SAMPLE, report, sites: ids.map((id) => siteOf(id)), ...more }
}

/** A line of the alarm file: raised at `time` of the day, standing still. */
export function alarmLine(site: string, name: string, day: string, time: string): string {
  return `${site}|${name}|node1|text|${day} ${time}||${day} ${time}\n`
}

/** What functions work with, made of memory; the pipeline in it is the real one. */
export interface WorkWorld {
  ports: FunctionPorts
  table: Table
  queues: Record<QueueName, RecordingQueue>
  /** Everything that was written, line by line. */
  lines: string[]
  events(name?: string): Logged[]
  /** Metrics that were written, without the name of the fleet. */
  metrics(): Record<string, number>[]
  /** Day files, by site and path. */
  files: Map<string, string>
  /** What was read, by site and path. */
  reads: string[]
  /** Sites that fail, and how; or that never answer. */
  failing: Map<string, RoundsError | 'silent'>
  pages: Map<string, Uint8Array | string>
  mails: Message[]
  /** What sending a mail throws from now on. */
  refuseMails(error?: RoundsError): void
  /** How often a mailer was closed. */
  closed: { mailers: number }
  state: { nowMs: number }
  /** How long sites might be read, as it was asked for. */
  siteMs: (number | undefined)[]
  apply(settings: Settings): Promise<number>
}

function memoryObjects(objects: Map<string, Uint8Array | string>): Objects {
  return {
    put: async (path, body) => void objects.set(path, body),
    get: async (path) => {
      const body = objects.get(path)
      return typeof body === 'string' ? Buffer.from(body) : body
    },
    list: async (prefix) => [...objects.keys()].filter((path) => path.startsWith(prefix)).sort(),
    remove: async (path) => void objects.delete(path),
  }
}

async function* bytesOf(text: string) {
  yield Buffer.from(text)
}

/** An empty world at an instant; `table` may be one that fails. */
export function workWorld(nowMs: number, table = memoryTable()): WorkWorld {
  const names = ['rounds', 'mails', 'reports', 'settlings', 'deadLetters'] as const
  const queues = Object.fromEntries(names.map((name) => [name, recordingQueue()]))
  const lines: string[] = []
  const parsed = () => lines.map((line) => JSON.parse(line))
  let refused: RoundsError | undefined
  const state = { nowMs }
  const clock = { now: () => state.nowMs }
  const write = (line: string) => void lines.push(line)
  const log = jsonLog(write, clock.now)
  const world: Omit<WorkWorld, 'ports'> = {
    ...{ table, lines, state, queues: queues as WorkWorld['queues'] },
    events: (name) => parsed().filter(({ event }) => event && (!name || event === name)),
    metrics: () => parsed().flatMap(({ _aws, Stack: _, ...counts }) => (_aws ? [counts] : [])),
    ...{ files: new Map(), reads: [], failing: new Map(), pages: new Map(), mails: [] },
    refuseMails: (error) => {
      refused = error
    },
    ...{ closed: { mailers: 0 }, siteMs: [] },
    apply: (settings) => writeVersion(table, settings, { after: 0, atMs: 0, by: 't', note: '' }),
  }

  async function read(site: string, path: string, from: number): Promise<Answer> {
    world.reads.push(`${site}/${path}`)
    const failure = world.failing.get(site)
    if (failure === 'silent') return new Promise(() => undefined)
    if (failure) throw failure
    const text = world.files.get(`${site}/${path}`)
    if (text === undefined) return { kind: 'absent' }
    if (from > 0 && from >= text.length) return { kind: 'shorter' }
    return { kind: 'body', start: from, chunks: bytesOf(text.slice(from)) }
  }

  const archive = memoryObjects(new Map())
  const ports: FunctionPorts = {
    ...{ table, log, write, clock, stack: 'fleet', fleet: fleetIn(table) },
    queue: (name) => world.queues[name],
    rounds: async (settings, { clock: own, siteMs }) => ({
      ...{ settings, table, archive, pages: memoryObjects(world.pages), clock: own, log },
      ...{ chance: systemChance, dictionary: new Map() },
      mailer: {
        async send(message) {
          if (refused) throw refused
          world.mails.push(message)
          return { messageId: message.id, refused: [] }
        },
        async close() {
          world.closed.mailers += 1
        },
      },
      openSource({ id }) {
        world.siteMs.push(siteMs?.())
        const source = {
          read: (path: string, from: number) => read(id, path, from),
          close: async () => undefined,
        }
        return siteMs ? withDeadline(source, siteMs()) : source
      },
    }),
  }
  return { ...world, ports }
}

/** A table of which calls throw that it is busy, whenever `isBusy` says so of their partition. */
export function busyTable(table: Table, isBusy: (partition: string) => boolean): Table {
  const busy = new RoundsError('table-busy', 'retry', 'The table is busy.', 'It is tried again.')
  const check = (partition: string) => {
    if (isBusy(partition)) throw busy
  }
  return {
    ...table,
    async get(key) {
      check(key.partition)
      return table.get(key)
    },
    async list(partition, range) {
      check(partition)
      return table.list(partition, range)
    },
    async create(key, content) {
      check(key.partition)
      return table.create(key, content)
    },
  }
}
