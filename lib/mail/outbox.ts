import { createHash } from 'node:crypto'
import { mkdir, rename } from 'node:fs/promises'
import path from 'node:path'
import { RoundsError } from '../errors.ts'
import { withFile } from '../with-file.ts'
import { compose } from './compose.ts'
import type { Mailer } from './mailer.ts'
import { nobodyToReach } from './refusals.ts'

/**
 * Puts every mail as a file `<id>.eml` into a folder, for machines without a mail server and for a
 * look at what would be sent. The id is deterministic, so a mail sent twice is one file.
 */
export function outboxMailer(folder: string): Mailer {
  return {
    async send(message) {
      const composed = await compose(message)
      if (composed.to.length === 0) throw nobodyToReach(composed.unusable)
      try {
        await mkdir(folder, { recursive: true })
        await writeWhole(folder, `${message.id}.eml`, composed.mime)
      } catch (thrown) {
        throw outboxError(folder, thrown)
      }
      return { messageId: composed.messageId, refused: composed.unusable }
    },
    async close() {},
  }
}

/**
 * A reader sees the whole file or none. It is on the disk before this resolves: the caller is about
 * to note that the mail went out. The temporary name holds the digest of the content, so that two
 * processes that write the same mail never write into one another's file.
 */
async function writeWhole(folder: string, name: string, body: Buffer): Promise<void> {
  const digest = createHash('sha256').update(body).digest('hex').slice(0, 16)
  const temporary = path.join(folder, `.${digest}.tmp`)
  await withFile(temporary, 'w', async (file) => {
    await file.writeFile(body)
    await file.sync()
  })
  await rename(temporary, path.join(folder, name))
  // Windows cannot open folders; there the rename is durable by itself.
  if (process.platform !== 'win32') await withFile(folder, 'r', (opened) => opened.sync())
}

/** Faults of a folder that pass by themselves. */
const PASSING = new Set(['EMFILE', 'ENFILE', 'EAGAIN', 'EBUSY', 'EINTR'])

function outboxError(folder: string, thrown: unknown): RoundsError {
  const code = String((thrown as NodeJS.ErrnoException).code ?? 'unknown')
  return new RoundsError(
    'mail-outbox',
    PASSING.has(code) ? 'retry' : 'stop',
    `The mail could not be written to the outbox ${folder} (${code}).`,
    'Check that the folder can be written to and that the disk has room.',
    { cause: thrown },
  )
}
