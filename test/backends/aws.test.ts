import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { type AwsPorts, awsRounds, openPorts } from '../../lib/backends/aws.ts'
import { RoundsError } from '../../lib/errors.ts'
import { silentLog } from '../../lib/log.ts'
import { collect } from '../../lib/pipeline.ts'
import { systemChance } from '../../lib/random.ts'
import type { MailSettings, Settings, Site } from '../../lib/site.ts'
import type { Secrets } from '../../lib/site-secrets.ts'
import { memoryTable } from '../../lib/store/memory.ts'
import type { Objects } from '../../lib/store/objects.ts'
import { MINUTE_MS } from '../../lib/time.ts'
import { failure } from '../contracts/source.ts'
import { type Portal, portalServer } from '../fixtures/portal-server.ts'
import { type SecretsServer, secretsServer } from '../fixtures/secrets-server.ts'
import { converse, startScripted } from '../mail/smtp-world.ts'
import { alarmLine, settingsOf, siteOf } from '../work/world.ts'

const NOW_MS = Date.parse('2026-11-10T08:00:00Z')
const FILE = 'sys_alarm/system_alarm_20261110.txt'
const ARN = 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:sites-AbCdEf'
const PASSWORD = 'canary-1'

/** A reference as settings hold it. */
const to = (name: string) => `$\{${name}}`

let folder: string
let portal: Portal

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portal-'))
  const login = Buffer.from(`reader:${PASSWORD}`).toString('base64')
  portal = await portalServer(folder, { authorization: `Basic ${login}` })
  for (const id of ['a', 'b']) {
    const file = join(folder, id, FILE)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, alarmLine(id, 'LINK_DOWN', '2026-11-10', '15:00:00'))
  }
})
afterAll(async () => {
  await portal.close()
  await rm(folder, { recursive: true, force: true })
})

function httpSite(id: string, password: string): Site {
  return siteOf(id, {
    source: {
      ...{ kind: 'http', url: `${portal.url}${id}/`, allowAddresses: ['127.0.0.0/8'] },
      auth: { kind: 'basic', user: 'reader', password: to(password) },
      ...{ timeoutMs: 5_000, maxFileBytes: 1_000_000 },
    },
  })
}

/** An archive that holds these texts. */
function archiveOf(texts: Record<string, string>): Objects {
  return {
    put: async () => undefined,
    get: async (path) => (texts[path] === undefined ? undefined : Buffer.from(texts[path])),
    list: async () => [],
    remove: async () => undefined,
  }
}

const portsWith = (more: Partial<AwsPorts> = {}): AwsPorts => ({
  ...{ table: memoryTable(), archive: archiveOf({}), pages: archiveOf({}), chance: systemChance },
  ...{ secrets: async (): Promise<Secrets> => ({ A: PASSWORD }), places: { table: 't' } },
  ...more,
})

const roundsOf = (settings: Settings, ports = portsWith(), siteMs?: () => number) =>
  awsRounds(ports, settings, {
    ...{ clock: { now: () => NOW_MS }, log: silentLog },
    ...(siteMs && { siteMs }),
  })

describe('sites on AWS', () => {
  const today = { from: '2026-11-10', to: '2026-11-10' }

  it('are read with their secrets; one without its own fails alone', async () => {
    const sites = [httpSite('a', 'A'), httpSite('b', 'NOT_THERE')]
    const rounds = await roundsOf(settingsOf([], { sites }))
    const { files, failures } = await collect(rounds, { via: 'round', range: today })
    expect(files.map(({ site, lines }) => [site, lines])).toEqual([['a', 1]])
    const told = failures.map(({ site, error }) => [site, error.code, error.class])
    expect(told).toEqual([['b', 'secret-missing', 'skip']])
  })

  it('are no folders', async () => {
    const { openSource, settings } = await roundsOf(settingsOf(['a']))
    const source = openSource(settings.sites[0]!)
    const error = await failure(source.read('f.txt', 0))
    expect(error).toMatchObject({ code: 'source-kind', class: 'skip' })
    expect(await source.close()).toBeUndefined()
  })

  it('are given up when their time is over, which is asked for site by site', async () => {
    const times = [60_000, 0]
    const settings = settingsOf([], { sites: [httpSite('a', 'A'), httpSite('b', 'A')] })
    const rounds = await roundsOf(settings, portsWith(), () => times.shift()!)
    const [one, other] = settings.sites.map((site) => rounds.openSource(site))
    expect((await one!.read(FILE, 0)).kind).toBe('body')
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(await failure(other!.read(FILE, 0))).toMatchObject({ code: 'site-slow' })
    await Promise.all([one!.close(), other!.close()])
    expect(times).toEqual([])
  })
})

describe('what the settings leave open', () => {
  const urlOf = async (own: string | undefined, publicUrl: string | undefined) => {
    const settings = settingsOf(['a'])
    const report = { ...settings.report, ...(own && { publicUrl: own }) }
    const ports = portsWith({ places: { table: 't', ...(publicUrl && { publicUrl }) } })
    return (await roundsOf({ ...settings, report }, ports)).settings.report.publicUrl
  }

  it.each([
    [undefined, 'https://stack.example/', 'https://stack.example/'],
    ['https://own.example/', 'https://stack.example/', 'https://own.example/'],
    [undefined, undefined, undefined],
  ])('settings %s and stack %s: readers are sent to %s', async (own, stack, url) => {
    expect(await urlOf(own, stack)).toBe(url)
  })

  it('is no dictionary, or the one that was put into the archive', async () => {
    expect((await roundsOf(settingsOf(['a']))).dictionary.size).toBe(0)
    const path = 'dictionary/0a1b.csv'
    const archive = archiveOf({ [path]: 'alarm_name,severity,en\nLINK_DOWN,critical,Link lost\n' })
    const own = await roundsOf(settingsOf(['a'], { alarmDictionary: path }), portsWith({ archive }))
    expect(own.dictionary.get('LINK_DOWN')).toMatchObject({ severity: 'critical' })
  })

  it('is never a dictionary that should be there and is not', async () => {
    const own = roundsOf(settingsOf(['a'], { alarmDictionary: 'dictionary/0a1b.csv' }))
    await expect(own).rejects.toMatchObject({ code: 'dictionary', class: 'stop' })
  })
})

describe('mails on AWS', () => {
  afterEach(() => vi.useRealTimers())
  const message = {
    ...{ from: 'a@example.org', to: ['b@example.org'], subject: 's', text: 't', html: 'h' },
    ...{ id: 'id', threadId: 'id' },
  }
  const sending = async (mail: MailSettings) => {
    const { mailer } = await roundsOf(settingsOf(['a'], { mail }))
    const error = await failure(mailer.send(message))
    // Closing is no second failure.
    expect(await mailer.close()).toBeUndefined()
    return error
  }

  it('go into no outbox', async () => {
    const error = await sending({ kind: 'outbox', from: 'a@example.org' })
    expect(error).toMatchObject({ code: 'mail-outbox', class: 'stop' })
    expect(error.hint).toContain('mail.kind: ses')
  })

  it('are not sent without the password of the mail server', async () => {
    const error = await sending({
      ...{ kind: 'smtp', from: 'a@example.org', host: '127.0.0.1', port: 1, secure: false },
      ...{ requireTls: false, auth: { user: 'u', password: to('NOT_THERE') } },
    })
    expect(error).toMatchObject({ code: 'secret-missing', class: 'skip' })
  })

  it('by a server that never ends are given up before a function is', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const hasBody = Promise.withResolvers<void>()
    const server = await startScripted((socket) => converse(socket, {}, () => hasBody.resolve()))
    const { auth: _, ...settings } = server.settings
    const sent = sending(settings)
    await hasBody.promise
    vi.advanceTimersByTime(50_000)
    expect(await sent).toMatchObject({ code: 'mail-unknown', class: 'retry' })
    await server.close()
  })
})

describe('secrets of a stack', () => {
  let server: SecretsServer
  let asked: number
  let nowMs: number

  beforeEach(async () => {
    server = await secretsServer({ [ARN]: '{"A":"canary-1"}' })
    asked = 0
    nowMs = NOW_MS
    server.before(() => {
      asked += 1
    })
    vi.stubEnv('AWS_ENDPOINT_URL_SECRETS_MANAGER', server.url)
    vi.stubEnv('AWS_REGION', 'eu-central-1')
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'local')
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'local')
  })
  afterEach(async () => {
    vi.unstubAllEnvs()
    await server.close()
  })

  const open = (secret?: string) =>
    openPorts({ table: 't', ...(secret && { secret }) }, systemChance, { now: () => nowMs })

  it('are asked for once by all sites of a round', async () => {
    const { secrets } = open(ARN)
    const all = await Promise.all([secrets(), secrets(), secrets()])
    expect(all).toEqual([{ A: 'canary-1' }, { A: 'canary-1' }, { A: 'canary-1' }])
    expect(asked).toBe(1)
  })

  it('are kept for five minutes: then a password that was changed is known', async () => {
    const { secrets } = open(ARN)
    await secrets()
    server.secrets.get(ARN)!.get('first')!.text = '{"A":"canary-2"}'
    nowMs += 5 * MINUTE_MS
    expect(await secrets()).toEqual({ A: 'canary-1' })
    nowMs += 1
    expect(await secrets()).toEqual({ A: 'canary-2' })
    expect(asked).toBe(2)
  })

  it('are not kept for longer because a clock was set back', async () => {
    const { secrets } = open(ARN)
    await secrets()
    nowMs -= 1
    await secrets()
    expect(asked).toBe(2)
  })

  it('are asked for again after a failure, by the next site', async () => {
    const { secrets } = open(ARN)
    server.secrets.get(ARN)!.get('first')!.text = 'no JSON'
    await expect(secrets()).rejects.toMatchObject({ code: 'secret-form' })
    server.secrets.get(ARN)!.get('first')!.text = '{"A":"canary-3"}'
    expect(await secrets()).toEqual({ A: 'canary-3' })
  })

  it('that fail when they are read anew do not fail those who come later', async () => {
    const { secrets } = open(ARN)
    await secrets()
    nowMs += 5 * MINUTE_MS + 1
    const versions = server.secrets.get(ARN)!
    server.secrets.delete(ARN)
    await expect(secrets()).rejects.toMatchObject({ code: 'secret-missing', class: 'stop' })
    server.secrets.set(ARN, versions)
    expect(await secrets()).toEqual({ A: 'canary-1' })
  })

  it('that nobody named are a fault of the deployment, as is a bucket', async () => {
    const { secrets, archive, pages } = open()
    const stop = { code: 'not-given', class: 'stop' }
    await expect(secrets()).rejects.toMatchObject(stop)
    await expect(archive.get('x')).rejects.toMatchObject(stop)
    await expect(pages.put('x', 'y')).rejects.toMatchObject(stop)
    await expect(pages.list('')).rejects.toBeInstanceOf(RoundsError)
    expect(asked).toBe(0)
  })
})
