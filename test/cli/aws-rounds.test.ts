import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb'
import { ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { noteFeedback } from '../../lib/notify/feedback.ts'
import { LOCAL } from '../fixtures/dynamodb-server.ts'
import { type Portal, portalServer } from '../fixtures/portal-server.ts'
import { type SesServer, sesServer } from '../fixtures/ses-server.ts'
import { type AwsWorld, awsWorld, passwordOf, SITE_SECRET, webSite } from './aws-world.ts'

const DAY = '2026-11-10'
const PASSWORD = 'open sesame'

let world: AwsWorld
let portal: Portal
let ses: SesServer

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  vi.setSystemTime(`${DAY}T12:00:00+08:00`)
  world = await awsWorld()
  const authorization = `Basic ${Buffer.from(`rounds:${PASSWORD}`).toString('base64')}`
  portal = await portalServer(join(world.folder, 'portals'), { authorization })
  putPassword(PASSWORD)
  for (const id of ['bj01', 'sh02']) {
    await write(id, '2026-11-10', [`${id}|CPU|n1|hot|${DAY} 08:00:00||${DAY} 08:00:00`])
    await write(id, '2026-11-08', [`${id}|OLD|n1|old|2026-11-08 08:00:00||2026-11-08 08:00:00`])
  }
  ses = await sesServer()
  vi.stubEnv('AWS_ENDPOINT_URL_SES', ses.url)
  const { stacks } = world.cloudformation
  const pipeline = stacks.get('siterounds-pipeline')!
  stacks.set('siterounds-pipeline', { ...pipeline, ConfigurationSet: 'sending' })
  const mail = { kind: 'ses', from: 'rounds@example.org' }
  await world.configure({ sites: ['bj01', 'sh02'].map(site), mail })
  const { stderr } = await world.cli('apply', '--yes')
  expect(stderr).toBe('')
})

afterEach(async () => {
  vi.useRealTimers()
  await Promise.all([portal.close(), ses.close()])
  await world.remove()
})

function putPassword(password: string): void {
  const values = { [passwordOf('bj01')]: password, [passwordOf('sh02')]: PASSWORD }
  const version = { text: JSON.stringify(values), labels: new Set(['AWSCURRENT']) }
  world.secrets.secrets.set(SITE_SECRET, new Map([['first', version]]))
}

function site(id: string) {
  const { source, ...rest } = webSite(id, { recipients: [`${id}@example.org`] })
  const feeds = { system: false, service: false }
  const own = { url: `${portal.url}${id}`, allowAddresses: ['127.0.0.0/8'] }
  return { ...rest, feeds, source: { ...source, ...own } }
}

async function write(id: string, day: string, lines: string[]): Promise<void> {
  const name = `system_alarm_${day.replaceAll('-', '')}.txt`
  const file = join(world.folder, 'portals', id, 'sys_alarm', name)
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, lines.map((line) => `${line}\n`).join(''))
}

/** Partitions of every item in the table. */
async function partitions(): Promise<string[]> {
  const client = new DynamoDBClient({ ...LOCAL, endpoint: world.dynamodb.url })
  const { Items = [] } = await client.send(new ScanCommand({ TableName: 'rounds-state' }))
  client.destroy()
  return [...new Set(Items.map(({ p }) => p!.S!))].sort()
}

describe('commands over a stack', () => {
  it('read, mail, report and show as on one machine, with the passwords of the stack', async () => {
    const collected = await world.json<{ totals: object }>('collect')
    expect(collected).toMatchObject({ totals: { lines: 4, readings: 4 }, failures: [] })
    const alarms = await world.json<object[]>('alarms', '--site', 'bj01')
    expect(alarms).toMatchObject([{ name: 'CPU' }])
    const notified = await world.json<{ sent: object[] }>('notify')
    expect(notified.sent).toMatchObject([{ to: 'bj01@example.org' }, { to: 'sh02@example.org' }])
    expect(
      ses.mails.map(({ recipients, configurationSet }) => [recipients, configurationSet]),
    ).toEqual([
      [['bj01@example.org'], 'sending'],
      [['sh02@example.org'], 'sending'],
    ])
    expect(ses.mails[0]?.raw.toString()).toMatch(/https:\/\/reports\.example/)
    const reported = await world.json<{ published: string[] }>('report')
    expect(reported.published).toContain(`bj01/${DAY}/index.html`)
    expect(await world.ports.pages.list('bj01/')).toContain(`bj01/${DAY}/index.html`)
    const rows = await world.json<{ site: string; day: string; lines: number }[]>('status')
    expect(rows.filter(({ day }) => day === DAY).map(({ lines }) => lines)).toEqual([1, 1])
    const settled = await world.json<{ closed: { site: string }[] }>(
      ...['settle', '--day', '2026-11-08'],
    )
    expect(settled).toMatchObject({ failures: [] })
    expect(settled.closed.map(({ site }) => site).sort()).toEqual(['bj01', 'sh02'])
    expect(await world.ports.archive.list('ledger/')).toHaveLength(2)
    await world.cli('report')
    const verified = await world.json('verify', '--source')
    expect(verified).toMatchObject({ files: 4, settled: 2, findings: [], failures: [] })
    const rebuilt = await world.json('rebuild')
    expect(rebuilt).toMatchObject({ sites: 2, changed: [], failures: [] })
    const explained = await world.cli('explain', 'bj01', DAY)
    expect(explained).toMatchObject({ stderr: '', exitCode: 0 })
    expect(explained.stdout).toContain('CPU')
  }, 60_000)

  it('whose password is not there fail for that site alone', async () => {
    putPassword('')
    const { failures } = await world.json<{ failures: object[] }>('collect')
    expect(failures).toContainEqual(
      expect.objectContaining({ site: 'bj01', code: 'secret-missing' }),
    )
    expect(failures).not.toContainEqual(expect.objectContaining({ site: 'sh02' }))
  })
})

describe('backfill', () => {
  const days = ['--from', '2026-10-01', '--to', '2026-11-08']

  it('is sent to the functions, which know the settings', async () => {
    const { stdout, stderr, exitCode } = await world.cli('backfill', ...days, '--site', 'bj01')
    expect({ stdout, stderr, exitCode }).toEqual({
      stdout: '2 messages sent, as job request-1.\n',
      stderr: 'Follow: siterounds --backend aws status --from 2026-10-01 --to 2026-11-08\n',
      exitCode: 0,
    })
    expect(world.lambda.calls).toEqual([
      {
        name: 'siterounds-pipeline-Dispatch',
        payload: { job: 'backfill', from: '2026-10-01', to: '2026-11-08', sites: ['bj01'] },
      },
    ])
    const client = new SQSClient(LOCAL)
    const QueueUrl = `${process.env.AWS_ENDPOINT_URL_SQS}/000000000000/rounds`
    const command = new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 })
    const { Messages = [] } = await client.send(command)
    client.destroy()
    const jobs = Messages.map(({ Body }) => JSON.parse(Body!))
    expect(jobs.map(({ from, to }) => `${from} ${to}`).sort()).toEqual([
      '2026-10-01 2026-10-31',
      '2026-11-01 2026-11-08',
    ])
    expect(await partitions()).not.toContain('days#bj01')
  })

  it('answers scripts with the job, and says why it was not taken', async () => {
    const sent = await world.json('backfill', '--day', DAY, '--feed', 'alarm')
    expect(sent).toEqual({ id: 'request-1', messages: 2 })
    const unknown = await world.cli('backfill', ...days, '--site', 'zz')
    expect(unknown.exitCode).toBe(2)
    expect(unknown.stderr).toMatch(/The stack did not take the job: There is no site “zz”/)
    const pipeline = { DispatchFunction: 'gone' }
    world.cloudformation.stacks.set('siterounds-pipeline', pipeline)
    const gone = await world.cli('backfill', ...days)
    expect(gone.stderr).toMatch(/There is no function gone .*Deploy the stacks again/)
    await world.lambda.close()
    const silent = await world.cli('backfill', ...days)
    expect(silent.stderr).toMatch(/gave no answer .*taken all the same/)
  })

  it('runs on this machine with --here', async () => {
    const { totals } = await world.json<{ totals: object }>('backfill', ...days, '--here')
    expect(totals).toMatchObject({ lines: 2 })
    expect(world.lambda.calls).toEqual([])
    expect(await partitions()).toContain('days#bj01')
  }, 60_000)
})

describe('a site that is taken out', () => {
  beforeEach(async () => {
    await world.cli('collect')
    await world.cli('settle', '--day', '2026-11-08')
    await world.cli('report')
  })

  it('keeps what is kept, and says what stays and for how long', async () => {
    const before = await partitions()
    const { stdout, stderr } = await world.answering('y', 'sites', 'remove', 'sh02')
    expect(stdout).toContain('Removed\n  - sh02\n')
    const told = stderr.replace(/\s+/g, ' ')
    expect(told).toMatch(/What is kept of sh02 stays: \d+ days, archive, and \d+ pages/)
    expect(told).toMatch(/1 day file of it is not archived yet: .* after 35 days\..*--site sh02/)
    // The second version has its sites in a part of the same partition.
    expect(await partitions()).toEqual(before)
  })

  it('goes without a trace with --purge, and only it', async () => {
    const both = ['ledger', 'days', 'observed', 'pages', 'alarms']
    const { asked, stdout, stderr } = await world.answering(
      'y',
      'sites',
      'remove',
      'sh02',
      '--purge',
    )
    expect(asked).toEqual([
      'Shall this count from now on? [y/N] ',
      expect.stringMatching(
        /^Delete \d+ days \(.* to 2026-11-10\) and \d+ pages of sh02 for good\?/,
      ),
    ])
    expect(stdout).toMatch(/sh02: \d+ days, \d+ items, 1 archive, \d+ pages deleted\. 1 Parquet/)
    expect(stderr).toContain('run this again in half an')
    const left = await partitions()
    expect(left.filter((name) => name.includes('sh02'))).toEqual([])
    for (const kind of both) {
      expect(left.some((name) => name.startsWith(`${kind}#bj01`))).toBe(true)
    }
    const objects = [...(await world.ports.archive.list('')), ...(await world.ports.pages.list(''))]
    expect(objects.filter((path) => path.includes('sh02'))).toEqual([])
    expect(objects.filter((path) => path.includes('bj01')).length).toBeGreaterThan(5)
    const verified = await world.json('verify')
    expect(verified).toMatchObject({ findings: [], failures: [] })
    const again = await world.cli('sites', 'remove', 'sh02', '--purge')
    expect(again).toMatchObject({ stdout: 'Nothing is kept of sh02.\n', exitCode: 0 })
  }, 60_000)

  it('stays when the second question is answered with no', async () => {
    const terminal = await world.answering('n', 'sites', 'remove', 'sh02', '--purge')
    expect(terminal.asked).toHaveLength(1)
    expect(terminal.stdout).toMatch(/Nothing was changed\.\n$/)
    expect(await partitions()).toContain('days#sh02')
    const dry = await world.json('sites', 'remove', 'sh02', '--purge', '--dry-run')
    expect(dry).toMatchObject({ version: 1, written: false, purged: null })
  })
})

describe('mail bounces', () => {
  it('tells recipients whose mails came back, newest first, and nobody else', async () => {
    const none = await world.cli('mail', 'bounces')
    expect(none).toMatchObject({ stdout: 'No mail came back.\n', stderr: '', exitCode: 0 })
    const atMs = Date.parse(`${DAY}T03:00:00Z`)
    const why = 'smtp; 550 5.1.1 no such user \u001b[31m'
    const { table } = world.ports
    await noteFeedback(table, { kind: 'bounced', to: 'bj01@example.org', atMs, why })
    await noteFeedback(table, {
      kind: 'complaint',
      to: 'sh02@example.org',
      atMs: atMs + 1_000,
      why: '',
    })
    await noteFeedback(table, { kind: 'bounced', to: 'gone@example.org', atMs, why })
    const { stdout } = await world.cli('mail', 'bounces')
    expect(stdout).toBe(
      [
        'sh02@example.org',
        '  called unwanted, 2026-11-10T03:00:01Z; mailed about sh02',
        'bj01@example.org',
        '  bounced for good, 2026-11-10T03:00:00Z; mailed about bj01',
        '  smtp; 550 5.1.1 no such user \uFFFD[31m',
        '2 recipients to look after.\n',
      ].join('\n'),
    )
    expect(await world.json('mail', 'bounces')).toEqual([
      {
        to: 'sh02@example.org',
        kind: 'complaint',
        at: '2026-11-10T03:00:01Z',
        why: '',
        sites: ['sh02'],
      },
      { to: 'bj01@example.org', kind: 'bounced', at: '2026-11-10T03:00:00Z', why, sites: ['bj01'] },
    ])
  })
})
