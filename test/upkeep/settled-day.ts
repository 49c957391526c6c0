import { collect, type Rounds, settle } from '../../lib/pipeline.ts'
import { HOUR_MS } from '../../lib/time.ts'
import { folderSite, newWorld, type World } from '../fixtures/rounds-world.ts'

/** A world with one settled day file, its state open. */
export interface SettledDay {
  world: World
  rounds: Rounds & { close(): Promise<void> }
  /** Reads, and settles if asked to, what the file holds now. */
  read(content: string, then?: 'settle'): Promise<void>
}

/** The settled day file: four records, of two generations, with a last line without newline. */
export const SETTLED_FILE = { site: 'a', feed: 'alarm' as const, day: '2026-11-10' }
export const SETTLED_PATH = 'a/sys_alarm/system_alarm_20261110.txt'

/** A line of an alarm file; the text is long enough for zstd to find something in it. */
export function lineOf(number: number): string {
  const time = `2026-11-10 08:${String(number).padStart(2, '0')}:00`
  return `a|X-${number}|节点-${number % 7}|链路中断 ${number * 7919}|${time}||${time}`
}

/** The file as it is settled. */
export const SETTLED_LINES = [...range(0, 20).reverse(), ...range(20, 45)].map(lineOf)

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, index) => from + index)
}

/** Makes the world: the file grows, is written anew from back to front, grows, and is settled. */
export async function settledDay(): Promise<SettledDay> {
  const world = await newWorld()
  await world.configure({ sites: [folderSite('a', { recipients: ['ops@example.org'] })] })
  let nowMs = Date.parse('2026-11-10T12:00:00+08:00')
  const rounds = world.open({ now: () => nowMs })
  const read: SettledDay['read'] = async (content, then) => {
    await world.write(SETTLED_PATH, content)
    nowMs += HOUR_MS
    if (then) nowMs = Math.max(nowMs, Date.parse('2026-11-11T03:00:00+08:00'))
    const { day } = SETTLED_FILE
    const range = { from: day, to: day }
    const ran = await (then ? settle(rounds, { range }) : collect(rounds, { via: 'round', range }))
    if (ran.failures.length > 0) throw new Error(JSON.stringify(ran.failures))
  }
  const text = (lines: readonly string[]) => lines.map((line) => `${line}\n`).join('')
  await read(text(range(0, 10).map(lineOf)))
  await read(text(range(0, 20).map(lineOf)))
  await read(text(SETTLED_LINES.slice(0, 30)))
  await read(text(SETTLED_LINES).trimEnd(), 'settle')
  return { world, rounds, read }
}
