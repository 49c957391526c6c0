import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { outboxMailer } from '../../lib/mail/outbox.ts'
import { type MailerWorld, MESSAGE, mailerContract, parse } from '../contracts/mailer.ts'

async function openOutbox(): Promise<MailerWorld> {
  const above = await mkdtemp(path.join(tmpdir(), 'outbox-'))
  const folder = path.join(above, 'not', 'there', 'yet')
  return {
    mailer: outboxMailer(folder),
    async taken() {
      const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.eml'))
      return Promise.all(
        names.map(async (name) => ({ raw: await readFile(path.join(folder, name)) })),
      )
    },
    async breakDown() {
      // A file where a folder must be: as root, forbidding it would forbid nothing.
      await writeFile(path.join(above, 'not'), 'a file')
    },
    secrets: [],
    close: () => rm(above, { recursive: true }),
  }
}

mailerContract('outbox', openOutbox)

describe('outboxMailer', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'outbox-'))
  })
  afterEach(() => rm(folder, { recursive: true }))

  it('keeps a mail sent twice as one file, and leaves nothing else behind', async () => {
    const mailer = outboxMailer(folder)
    await mailer.send(MESSAGE)
    await Promise.all([mailer.send(MESSAGE), mailer.send({ ...MESSAGE, text: 'newer' })])
    await mailer.send({ ...MESSAGE, text: 'newest' })
    expect(await readdir(folder)).toEqual([`${MESSAGE.id}.eml`])
    const mail = await parse({ raw: await readFile(path.join(folder, `${MESSAGE.id}.eml`)) })
    expect(mail.text?.trim()).toBe('newest')
  })

  it('says stop, with the folder and the reason, when it cannot write', async () => {
    const file = path.join(folder, 'file')
    await writeFile(file, '')
    await expect(outboxMailer(path.join(file, 'outbox')).send(MESSAGE)).rejects.toMatchObject({
      code: 'mail-outbox',
      class: 'stop',
      message: expect.stringContaining('ENOTDIR'),
    })
  })

  it('refuses a sender that is not one address', async () => {
    for (const from of ['', 'nobody', 'a@example.com, b@example.com'])
      await expect(outboxMailer(folder).send({ ...MESSAGE, from })).rejects.toMatchObject({
        code: 'mail-from',
        class: 'stop',
      })
    expect(await readdir(folder)).toEqual([])
  })
})
