import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import PostalMime from 'postal-mime'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { folderSite, newWorld, type World } from '../fixtures/rounds-world.ts'
import { answer, type SmtpWorld, startSmtp } from '../mail/smtp-world.ts'

let world: World
let server: SmtpWorld | undefined
const TO = '值班@example.com'

beforeEach(async () => {
  world = await newWorld()
})

afterEach(async () => {
  await server?.close()
  server = undefined
  await world.remove()
})

async function overSmtp(options: Parameters<typeof startSmtp>[0] = {}): Promise<void> {
  server = await startSmtp(options)
  const { host, port, from } = server.settings
  await world.configure({ sites: [folderSite('a')], mail: { kind: 'smtp', from, host, port } })
}

it('puts the mail into the outbox and says in which file; each one is its own', async () => {
  await world.configure({ sites: [folderSite('a')] })
  const { exitCode, stdout } = await world.cli('mail', 'test', 'ops@example.com')
  expect(exitCode).toBe(0)
  const file = stdout.split('\n')[1]!.trim()
  const mail = await PostalMime.parse(await readFile(file))
  expect(mail.to).toMatchObject([{ address: 'ops@example.com' }])
  expect(mail.subject).toContain('测试邮件')
  expect(mail.text).toContain('This is a test mail')
  await world.cli('mail', 'test', 'ops@example.com')
  expect(await readdir(join(world.folder, 'var', 'outbox'))).toHaveLength(2)
})

it('hands the mail to the server, and says which one took it and as what', async () => {
  await overSmtp()
  const { exitCode, stdout } = await world.cli('mail', 'test', 'ops@example.com')
  expect(exitCode).toBe(0)
  expect(stdout).toMatch(/^127\.0\.0\.1:\d+ took the test mail to ops@example\.com\.\n/)
  expect(server?.taken).toHaveLength(1)
  expect(server?.taken[0]?.recipients).toEqual(['ops@example.com'])
  const [, id] = /Message-ID {2}(<.*>)/.exec(stdout)!
  expect(server?.taken[0]?.raw.toString()).toContain(`Message-ID: ${id}`)
})

it('tells a refusal and a server that is not there, with what to do, and exit code 1', async () => {
  await overSmtp({ onRcptTo: (_to, _session, done) => done(answer(550, 'no such user')) })
  const refused = await world.cli('mail', 'test', 'ops@example.com')
  expect(refused).toMatchObject({ exitCode: 1, stdout: '' })
  expect(refused.stderr.replace(/\s+/g, ' ')).toMatch(/No test mail to ops@.*no such user.*Check/)
  await server?.close()
  const gone = await world.json('mail', 'test', 'ops@example.com')
  expect(gone).toMatchObject({
    ...{ ok: false, code: 'mail-connection' },
    hint: expect.stringMatching(/mail\.host/),
  })
})

it('promises no second try: a mail that was put off is to be sent again by hand', async () => {
  await overSmtp({ onRcptTo: (_to, _session, done) => done(answer(451, 'later')) })
  const { exitCode, stderr } = await world.cli('mail', 'test', 'ops@example.com')
  expect(exitCode).toBe(1)
  expect(stderr).toContain('Run this again in a few minutes.')
})

it('takes one address and nothing else', async () => {
  await world.configure({ sites: [folderSite('a')] })
  for (const wrong of [
    'ops',
    'a@b.example,c@d.example',
    'Ops <ops@example.com>',
    'a@b\r\nBcc: c@d',
  ]) {
    const { exitCode, stdout, stderr } = await world.cli('mail', 'test', wrong)
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' })
    expect(stderr).toContain('is not a mail address')
  }
  expect(await world.json('mail', 'test', TO)).toMatchObject({ ok: true, to: TO, way: 'outbox' })
})

it('knows of no mails that came back by SMTP, and says where they went', async () => {
  await overSmtp()
  const { stdout, stderr, exitCode } = await world.cli('mail', 'bounces')
  expect({ stdout, exitCode }).toEqual({ stdout: 'No mail came back.\n', exitCode: 0 })
  expect(stderr.replace(/\s+/g, ' ')).toContain(`comes back to ${server?.settings.from}`)
  expect(await world.json('mail', 'bounces')).toEqual([])
})
