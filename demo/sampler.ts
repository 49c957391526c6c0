import { appendFile, mkdir, open, readdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { zoneNamed } from '../lib/time.ts'
import { type MachineState, readMachine } from './machine.ts'
import { changedLines, repeatedLines, standingAfter } from './machine-alarms.ts'
import { dayFilePath } from './sample-files.ts'

/** The id under which this machine is a site of the demo. */
export const THIS_MACHINE = 'this-machine'

/**
 * Reads this machine and appends what it found to its day files below `<folder>/this-machine`,
 * in the format of every other site: a sample to the system file, and to the alarm file what
 * crossed a limit (the alarm file is there from the day's first sample on, mostly empty). The
 * first call of a process takes 200 ms, because the CPU has to be watched for a while.
 */
export async function sampleThisMachine(
  folder: string,
  nowMs: number,
  timeZone: string,
): Promise<void> {
  const zone = zoneNamed(timeZone)
  const day = zone.dayOf(nowMs)
  const nowText = zone.textOf(nowMs)
  const state = await readMachine()
  const systemPath = join(folder, THIS_MACHINE, dayFilePath('system', day))
  await appendLines(systemPath, systemTexts(state, nowText))
  await appendLines(...(await alarmTexts(join(folder, THIS_MACHINE), day, state, nowText)))
}

/** The lines of one sample, in the format of the system feed; sizes in bytes. */
export function systemTexts(state: MachineState, nowText: string): string[] {
  const { cpu, memory } = state
  const shares = [cpu.user, cpu.system, cpu.io, cpu.idle].map((percent) => percent.toFixed(2))
  const texts = [
    `os|${state.osName}|${state.kernel}`,
    `uptime|${state.uptimeSeconds}`,
    `cpu|${shares.join('|')}`,
    `mem|${memory.used}|${memory.free}|${memory.buffer}|${memory.total}`,
    ...state.disks.map((disk) => `disk|${disk.mount}|${disk.used}|${disk.total}`),
  ]
  return texts.map((text) => [state.server, state.ip, THIS_MACHINE, text, nowText].join('|'))
}

/**
 * Path and new lines of the alarm file. What stands is read from the newest file there is; the
 * first sample of a day repeats it, so that the day's own file says it too.
 */
async function alarmTexts(
  siteFolder: string,
  day: string,
  state: MachineState,
  nowText: string,
): Promise<[path: string, lines: string[]]> {
  const path = join(siteFolder, dayFilePath('alarm', day))
  await mkdir(dirname(path), { recursive: true })
  const newest = (await readdir(dirname(path))).sort().at(-1)
  if (newest === undefined) return [path, changedLines(THIS_MACHINE, new Map(), state, nowText)]
  const newestPath = join(dirname(path), newest)
  const standing = standingAfter((await readFile(newestPath, 'utf8')).split('\n'))
  const repeated = newestPath === path ? [] : repeatedLines(THIS_MACHINE, standing, nowText)
  return [path, [...repeated, ...changedLines(THIS_MACHINE, standing, state, nowText)]]
}

/**
 * Appends lines in one write. Where a kill had cut the last line short, that line is ended
 * first: it becomes one reject and spoils no other.
 */
async function appendLines(path: string, lines: string[]): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const text = lines.map((line) => `${line}\n`).join('')
  await appendFile(path, (await endsWithinLine(path)) ? `\n${text}` : text)
}

async function endsWithinLine(path: string): Promise<boolean> {
  await using handle = await open(path, 'a+')
  const { size } = await handle.stat()
  if (size === 0) return false
  const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, size - 1)
  return buffer[0] !== 0x0a
}
