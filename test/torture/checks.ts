import { join } from 'node:path'
import { EMBEDDED_PLACES } from '../../lib/backends/embedded.ts'
import { type DayFile, type Proof, sha256 } from '../../lib/ledger/record.ts'
import { MINUTE_MS } from '../../lib/time.ts'
import type { World } from '../fixtures/rounds-world.ts'
import { count, linesThatCount, lookAt, rowsThatCount, type Stored, standing } from './counting.ts'
import type { MailServer } from './mail-server.ts'
import { countMails, type Letter, lettersOf } from './mails.ts'
import type { Producer } from './producer.ts'
import { type BuiltProgram, type Command, runAndKill } from './runs.ts'

/** A site as the checks need it. */
interface CheckedSite {
  id: string
  recipients: readonly string[]
  replaces?: boolean
}

/** What the checks look at. */
interface CheckedParts {
  world: World
  mail: MailServer
  program: BuiltProgram
}

/** What a counting gave. */
export interface Counts {
  rows: number
  lost: number
  doubled: number
  mails: number
  extras: number
}

/** What `settle` prints of a day file, as far as it is checked. */
interface Closed extends DayFile {
  proof: Proof
}

/** What `status` prints of a day file, as far as it is checked. */
interface StatusRow extends DayFile {
  lines: number
  readings: number
  rejects: number
  unknown: number
  blank: number
}

/** Findings that an error names; more do not help. */
const MOST_TOLD = 12

/** Clean runs without any fault, and exact counting of all that is there after them. */
export class Checks {
  /** Sends of each cycle whose end nobody told the sender. */
  readonly unknownSends = new Map<number, number>()
  readonly #parts: CheckedParts
  readonly #producer: Producer
  readonly #sites: readonly CheckedSite[]
  readonly #letters: Letter[] = []

  constructor(parts: CheckedParts, producer: Producer, sites: readonly CheckedSite[]) {
    this.#parts = parts
    this.#producer = producer
    this.#sites = sites
  }

  /** Runs and counts; throws an error that says all that is wrong. */
  async all(nowMs: number, { isLast, settles }: { isLast: boolean; settles: boolean }) {
    const wrong: string[] = []
    for (const { id, replaces } of this.#sites) if (replaces) this.#producer.addTo(id, nowMs)
    this.#producer.runBegins()
    await this.#clean('collect', nowMs)
    this.#producer.runEnded(true, nowMs)
    if (settles) wrong.push(...(await this.#settle(nowMs)))
    // The first one repeats the sends of which nobody knows the end, and mails the rest next time.
    await this.#clean('notify', nowMs)
    const { waiting } = (await this.#clean('notify', nowMs)) as { waiting: number }
    if (waiting !== 0) wrong.push(`${waiting} alarms still wait to be mailed`)
    const { files } = (await this.#clean('collect', nowMs)) as { files: unknown[] }
    if (files.length > 0) wrong.push(`a second run found ${JSON.stringify(files)}`)
    if (isLast) wrong.push(...(await this.#report(nowMs)))

    const state = join(this.#parts.world.folder, 'var', EMBEDDED_PLACES.table)
    const { integrity, stored } = lookAt(state, this.#producer.files.values())
    if (integrity !== 'ok') wrong.push(`integrity_check: ${integrity}`)
    const counted = count(stored)
    wrong.push(...counted.wrong)
    wrong.push(...(await this.#status(stored, nowMs)))
    const open = await this.#alarms(stored, nowMs, wrong)
    this.#letters.push(...(await lettersOf(this.#parts.mail.deliveries, this.#letters.length)))
    const mailed = countMails(this.#letters, open, this.unknownSends)
    wrong.push(...mailed.wrong)
    if (wrong.length > 0) {
      const told = wrong.slice(0, MOST_TOLD).join('\n')
      throw new Error(`${wrong.length} things are wrong:\n${told}`)
    }
    const { rows, lost, doubled } = counted
    return { rows, lost, doubled, mails: mailed.mails, extras: mailed.extras } satisfies Counts
  }

  /** A run that nothing disturbs must end well, whatever was done to those before it. */
  async #clean(command: Command, nowMs: number, ...words: string[]) {
    const { world, program } = this.#parts
    const around = {
      ...{ folder: world.folder, program, before: [], clockMs: nowMs },
      ...{ requests: () => 0, mailing: () => false },
    }
    const run = await runAndKill(around, command, { at: 'never' }, words)
    if (run.exitCode !== 0 || run.stderr !== '') {
      throw new Error(`a clean ${command} ended with ${run.exitCode}: ${run.stdout}${run.stderr}`)
    }
    return JSON.parse(run.stdout) as unknown
  }

  /** What is proved of a day file is true of it. */
  async #settle(nowMs: number): Promise<string[]> {
    const { closed } = (await this.#clean('settle', nowMs)) as { closed: Closed[] }
    return closed.flatMap(({ site, feed, day, proof }) => {
      const name = `${site} ${feed} ${day}`
      const content = this.#producer.files.get(name)?.content ?? Buffer.alloc(0)
      // A file that is gone or empty, or has no whole line any more, proves nothing of the past.
      const hasLines = content.includes('\n') || (proof.compared && content.length > 0)
      if (!hasLines) return []
      const isTrue = proof.bytes === content.length && proof.sha256 === sha256(content)
      return isTrue ? [] : [`${name}: ${JSON.stringify(proof)} is not true of the file`]
    })
  }

  /** The pages are published, and then there is none that should be. */
  async #report(nowMs: number): Promise<string[]> {
    // Every process starts its clock anew. One that starts at the same time as the rounds before
    // it, and is faster, would not yet believe what they observed; the second report might.
    const atMs = nowMs + MINUTE_MS
    await this.#clean('report', atMs)
    const { published } = (await this.#clean('report', atMs)) as { published: unknown[] }
    return published.length > 0 ? [`pages published twice: ${JSON.stringify(published)}`] : []
  }

  /** The figures are of the lines that are in the ledger. */
  async #status(stored: readonly Stored[], nowMs: number): Promise<string[]> {
    const days = stored.map(({ known }) => known.file.day).sort()
    const range = ['--from', days[0]!, '--to', days.at(-1)!]
    const rows = (await this.#clean('status', nowMs, ...range)) as StatusRow[]
    const linesOf = new Map<string, number>()
    const wrong: string[] = []
    for (const row of rows) {
      const { site, feed, day, lines, readings, rejects, unknown, blank } = row
      linesOf.set(`${site} ${feed} ${day}`, lines)
      const sum = readings + rejects + unknown + blank
      if (sum !== lines) wrong.push(`${site} ${feed} ${day}: ${lines} lines are not ${sum}`)
    }
    for (const one of stored) {
      const { site, feed, day } = one.known.file
      const replaces = this.#sites.find(({ id }) => id === site)?.replaces ?? false
      const rowsHeld = rowsThatCount(one, replaces)
      const lines = linesOf.get(`${site} ${feed} ${day}`)
      if (lines === rowsHeld) continue
      wrong.push(`${site} ${feed} ${day}: the figures are of ${lines} lines, it has ${rowsHeld}`)
    }
    return wrong
  }

  /** The alarms that stand, by recipient; as the program says and by a plain computation. */
  async #alarms(stored: readonly Stored[], nowMs: number, wrong: string[]) {
    const told = (await this.#clean('alarms', nowMs)) as { site: string; name: string }[]
    const byRecipient = new Map<string, Set<string>>()
    for (const { id, recipients, replaces } of this.#sites) {
      const own = stored.filter(
        ({ known }) => known.file.site === id && known.file.feed === 'alarm',
      )
      const lines = own.flatMap((one) => linesThatCount(one, replaces ?? false))
      const open = standing(id, lines)
      const names = told.filter(({ site }) => site === id).map(({ name }) => name)
      const differ = [...open].sort().join() !== names.sort().join()
      if (differ) {
        const more = names.filter((name) => !open.has(name))
        const less = [...open].filter((name) => !names.includes(name))
        wrong.push(`${id}: alarms said to stand that do not: ${more}; that do and are not: ${less}`)
      }
      for (const to of recipients) {
        byRecipient.set(to, new Set([...(byRecipient.get(to) ?? []), ...open]))
      }
    }
    return byRecipient
  }
}
