import { RoundsError } from '../../lib/errors.ts'
import { counted, heldBy } from '../../lib/fetch/http-answer.ts'
import type { Reply } from '../../lib/fetch/http-wire.ts'
import type { Answer, Source } from '../../lib/fetch/source.ts'
import { contentOf, type Served } from './served.ts'
import type { SiteFiles } from './site-files.ts'
import type { Worker } from './worker.ts'

/*
 * The virtual site's web server. It makes status, fields and chunks of every answer; the product's
 * own judge of answers (lib/fetch/http-answer.ts) stands between them and the ledger, as it does
 * on a real wire.
 */

const MOST_FILE_BYTES = 1e8

/** So many bytes before a place decide whether a file is the one that was read (DESIGN, 3). */
export const OVERLAP_BYTES = 4_096

const LOGIN = Buffer.from('<!DOCTYPE html><html><body>Please log in</body></html>\n'.repeat(9))
const GZIP = Buffer.from('1f8b0800000000000003', 'hex')

/** What goes wrong with an answer. */
type Wrong =
  | 'no connection'
  | 'status'
  | 'absent'
  | 'login page'
  | 'encoded'
  | 'encoded in secret'
  | 'stale'
  | 'ignores range'
  | '416 without size'
  | '416 in error'
  | '206 without range'
  | '206 of other length'
  | '206 from earlier'
  | '206 of another place'
  | '206 slice'
  | '200 with a range'
  | 'cut'
  | 'cut in secret'
  | 'more than promised'
  | 'torn'

const ANY: Wrong[] = ['no connection', 'status', 'absent', 'login page', 'encoded']
const WHOLE: Wrong[] = [...ANY, 'encoded in secret', 'stale', 'cut', 'cut in secret', 'torn']
const RANGED: Wrong[] = [
  ...WHOLE,
  'ignores range',
  '416 without size',
  '416 in error',
  '206 without range',
  '206 of other length',
  '206 from earlier',
  '206 of another place',
  '206 slice',
  '200 with a range',
  'more than promised',
]

/** What has been answered, in the order in which it began. */
export interface Log {
  served: Served[]
  /** Every reading that said whether a file is there: by worker. */
  readings: { worker: Worker; file: string; readAtMs: number; found: boolean; empty?: boolean }[]
}

/** The source of one worker: a path is `<feed> <YYYYmmdd>`. */
export function sourceOf(site: SiteFiles, log: Log, worker: Worker): Source {
  return {
    async read(path, from): Promise<Answer> {
      const [, feed, year, month, day] = /^(\w+) (\d{4})(\d\d)(\d\d)$/.exec(path)!
      const file = `${feed} ${year}-${month}-${day}`
      const attempt = worker.attempts.get(file) ?? { readAtMs: worker.clock.now() }
      worker.attempts.set(file, attempt)
      if (from === 0 && attempt.ranged) attempt.ranged.givenUp = true
      const glance = worker.glances.get(file)
      if (glance && worker.ledgersSeen.has(file)) glance.givenUp = true
      if (from > 0) attempt.from = from
      return worker.step('ask the site', () => {
        const answer = answerTo(site, worker, file, from)
        const held = heldBy(answer.reply, from, file, false)
        const reading = { worker, file, readAtMs: attempt.readAtMs }
        if (held.kind === 'absent') log.readings.push({ ...reading, found: false })
        if (held.kind === 'absent' || held.kind === 'shorter') return { kind: held.kind }
        log.readings.push({ ...reading, found: true, empty: answer.content.length === 0 })
        const bytes = held.kind === 'bytes' ? held : undefined
        const start = bytes?.start ?? 0
        const served: Served = {
          ...reading,
          ...believed(log.served, reading, answer.content, start, attempt.from),
          parts: [],
          state: 'open',
          givenUp: false,
          glance: !worker.ledgersSeen.has(file),
          atMs: worker.world.time.nowMs,
        }
        if (!answer.garbage) log.served.push(served)
        if (from > 0) attempt.ranged = served
        if (served.glance) worker.glances.set(file, served)
        const chunks = bytes ? counted(answer.reply.chunks(), bytes, MOST_FILE_BYTES, file) : none()
        return { kind: 'body', start, chunks: noting(served, chunks) }
      })
    },
    async close() {},
  }
}

/**
 * What a reader takes for the bytes before those that it compares, which begin at `from`. When they
 * are the ones that it knows, it takes those before them for the ones that it knows too, also when
 * an answer holds them; that they may be others is the limit that DESIGN tells of, which only
 * settling sees.
 */
function believed(
  all: readonly Served[],
  { worker, file }: { worker: Worker; file: string },
  content: Buffer,
  start: number,
  from = 0,
): Pick<Served, 'prefix' | 'skipped'> {
  const compared = content.subarray(from, from + OVERLAP_BYTES)
  const isKnown = (one: Served) =>
    compared.length === OVERLAP_BYTES &&
    one.file === file &&
    !one.givenUp &&
    contentOf(one)
      .subarray(from, from + OVERLAP_BYTES)
      .equals(compared)
  const known = from > 0 && worker.purpose !== 'settle' ? all.findLast(isKnown) : undefined
  if (!known) return { prefix: content.subarray(0, start), skipped: 0 }
  return { prefix: contentOf(known).subarray(0, from), skipped: Math.max(0, from - start) }
}

async function* none(): AsyncGenerator<Uint8Array> {}

/** Notes what the reader gets. */
async function* noting(served: Served, chunks: AsyncIterable<Uint8Array>) {
  try {
    for await (const chunk of chunks) {
      served.parts.push(chunk)
      yield chunk
    }
    served.state = 'ended'
  } catch (thrown) {
    served.state = 'broken'
    throw thrown
  }
}

interface Made {
  reply: Reply
  /** The file that the bytes are of. */
  content: Buffer
  /** No bytes of the file at all: nothing of them may ever be taken. */
  garbage: boolean
}

function answerTo(site: SiteFiles, worker: Worker, file: string, from: number): Made {
  const { dice, world } = worker
  const standing = site.files.get(file)
  const wrong = dice.chance(world.now.web) ? dice.pick(from > 0 ? RANGED : WHOLE) : undefined
  if (wrong) worker.met(`web ${wrong}`)
  if (wrong === 'no connection') {
    throw new RoundsError('connection', 'retry', 'The site does not answer.')
  }
  const older = standing?.older ?? []
  const stale = wrong === 'stale' && older.length > 0
  const content = stale ? dice.pick(older) : standing?.content
  const whole = { content: content ?? Buffer.alloc(0), garbage: false }
  const made = (
    status: number,
    fields: Reply['fields'],
    bytes: Buffer = Buffer.alloc(0),
  ): Made => ({
    ...whole,
    reply: reply(worker, status, fields, () => bytes),
  })
  const garbage = (bytes: Buffer, fields: Reply['fields'] = {}): Made => ({
    ...made(200, { 'content-length': String(bytes.length), ...fields }, bytes),
    garbage: true,
  })
  if (wrong === 'status') return made(dice.pick([500, 502, 503, 429, 401, 403, 304, 302]), {})
  if (wrong === 'login page') return garbage(LOGIN)
  if (wrong === 'absent' || !content) return made(dice.pick([404, 410]), {})
  if (wrong === 'encoded') return garbage(GZIP, { 'content-encoding': 'gzip' })
  if (wrong === 'encoded in secret') return garbage(GZIP)
  const size = content.length
  if (size === 0 && dice.chance(0.3)) return made(416, { 'content-range': 'bytes */0' })
  const ranged = from > 0 && wrong !== 'ignores range' && !(stale && dice.chance(0.5))
  if (ranged && (from >= size || wrong === '416 in error' || wrong === '416 without size')) {
    const told = wrong === '416 without size' ? {} : { 'content-range': `bytes */${size}` }
    return made(416, told)
  }
  const bytes = () => (wrong === 'torn' ? (site.files.get(file)?.content ?? content) : content)
  const body = ranged ? rangeOf(wrong, from, size, worker) : wholeOf(wrong, size, worker)
  return {
    ...whole,
    reply: reply(worker, body.status, body.fields, () => bytes().subarray(body.start, body.end)),
  }
}

interface Body {
  status: number
  fields: Reply['fields']
  start: number
  end: number
}

function wholeOf(wrong: Wrong | undefined, size: number, { dice }: Worker): Body {
  const whole = { status: 200, start: 0, end: size }
  const length = { 'content-length': String(size) }
  if (wrong === 'cut') return { ...whole, fields: length, end: dice.below(size + 1) }
  if (wrong === 'cut in secret') return { ...whole, fields: {}, end: dice.below(size + 1) }
  return { ...whole, fields: dice.chance(0.8) ? length : {} }
}

function rangeOf(wrong: Wrong | undefined, from: number, size: number, { dice }: Worker): Body {
  const told = (start: number, end: number, total: number | string = size) => ({
    'content-range': `bytes ${start}-${end - 1}/${total}`,
    ...(dice.chance(0.7) && { 'content-length': String(end - start) }),
  })
  const good = { status: 206, fields: told(from, size), start: from, end: size }
  const length = size - from
  switch (wrong) {
    case '206 without range':
      return { ...good, fields: { 'content-length': String(length) } }
    case '206 of other length':
      return { ...good, fields: { ...good.fields, 'content-length': String(length + 1) } }
    case '206 from earlier': {
      const start = dice.below(from)
      return { ...good, fields: told(start, size), start }
    }
    case '206 of another place': {
      const shift = dice.below(from) + 1
      return { ...good, start: from - shift, end: size - shift }
    }
    case '206 slice': {
      const end = from + 1 + dice.below(length)
      return { ...good, fields: told(from, end), end }
    }
    case '200 with a range':
      return { ...good, status: 200, fields: { ...good.fields, 'content-length': String(length) } }
    case 'cut':
      return { ...good, end: from + dice.below(length) }
    case 'more than promised': {
      const end = from + dice.below(length) + 1
      return { ...good, fields: told(from, end, '*') }
    }
    default:
      return good
  }
}

function reply(
  worker: Worker,
  status: number,
  fields: Reply['fields'],
  bytes: () => Buffer,
): Reply {
  const { dice } = worker
  async function* chunks() {
    const most = dice.chance(0.8) ? Number.POSITIVE_INFINITY : dice.between(50, 3000)
    for (let sent = 0; ; ) {
      // What is read of the file is read now: it may have changed since the chunk before.
      const chunk = await worker.step('body', () => bytes().subarray(sent, sent + most))
      if (chunk.length === 0) return
      yield chunk
      sent += chunk.length
    }
  }
  return { status, fields, chunks, drop() {} }
}
