import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type Portal, portalServer } from '../fixtures/portal-server.ts'
import { httpSite, newWorld, type World } from '../fixtures/rounds-world.ts'

/**
 * Day files that are cut in the middle of the day and written anew, seen through every command, by
 * two sites that read the same portal: one merges, one replaces.
 */

const DAY = '2026-11-10'

interface Row {
  site: string
  feed: string
  coverage: string
  generation: number
  bytes: number
  lines: number
}

let world: World
let portal: Portal

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  world = await newWorld()
  portal = await portalServer(world.portals)
  const sites = ['merge', 'replace'].map((onRewrite) => {
    const site = httpSite('portal', portal.url, { id: onRewrite, onRewrite })
    return { ...site, source: { ...site.source, siteIds: ['p'] } }
  })
  await world.configure({ sites, report: { languages: ['en'] } })
})

afterEach(async () => {
  vi.useRealTimers()
  await portal.close()
  await world.remove()
})

const cpu = (server: string, time: string) =>
  `${server}|10.0.0.1|p|cpu|10|5|1|84|${DAY} ${time}:00\n`
const raised = (name: string, time: string) =>
  `p|${name}|ne|text|${DAY} ${time}:00||${DAY} ${time}:00\n`
const calls = (count: number, time: string) => `p|1|0|100|${count}|1|1|1|${DAY} ${time}:00\n`

async function files(system: string, alarm: string, service: string): Promise<void> {
  await world.write('portal/sys_monitor/system_info_20261110.txt', system)
  await world.write('portal/sys_alarm/system_alarm_20261110.txt', alarm)
  await world.write('portal/sys_service/system_service_20261110.txt', service)
}

/** A round at a time of the day (or `time` of the next one), then what the state says. */
async function roundAt(time: string, day = DAY) {
  vi.setSystemTime(`${day}T${time}:00+08:00`)
  await world.json('collect')
  const published = (await world.json<{ published: string[] }>('report')).published
  const status = await world.json<Row[]>('status', '--day', DAY)
  const open = await world.json<{ site: string; name: string }[]>('alarms')
  const of = (id: string) => ({
    lines: status.filter(({ site }) => site === id).map(({ lines }) => lines),
    generations: status.filter(({ site }) => site === id).map(({ generation }) => generation),
    coverage: status.filter(({ site }) => site === id).map(({ coverage }) => coverage),
    bytes: status.filter(({ site }) => site === id).map(({ bytes }) => bytes),
    open: open.filter(({ site }) => site === id).map(({ name }) => name),
  })
  return { published, merge: of('merge'), replace: of('replace') }
}

async function pageOf(site: string): Promise<string> {
  return readFile(join(world.folder, 'var', 'site', site, DAY, 'index.html'), 'utf8')
}

const BEFORE = [
  cpu('old-server', '08:00') + cpu('old-server', '08:05') + cpu('both-server', '08:10'),
  raised('OLD-1', '08:00') + raised('BOTH-1', '08:10'),
  calls(111, '08:00') + calls(222, '08:10'),
] as const

const AFTER = [
  cpu('both-server', '08:10') + cpu('new-server', '12:00'),
  raised('BOTH-1', '08:10') + raised('NEW-1', '12:00'),
  calls(333, '12:00'),
] as const

describe('a day file that is cut and written anew in the middle of the day', () => {
  it('before anything happens, both sites say the same', async () => {
    await files(...BEFORE)
    const { merge, replace } = await roundAt('10:00')
    expect(merge).toMatchObject({ lines: [3, 2, 2], generations: [0, 0, 0] })
    expect(merge.open).toEqual(['OLD-1', 'BOTH-1'])
    expect(replace).toEqual(merge)
  })

  it('merge keeps every row ever seen, replace those of the newest file', async () => {
    await files(...BEFORE)
    await roundAt('10:00')
    await files(...AFTER)
    const { merge, replace, published } = await roundAt('13:00')
    const bytes = AFTER.map((text) => text.length)
    expect(merge).toMatchObject({ lines: [4, 3, 3], generations: [1, 1, 1], bytes })
    expect(merge.open).toEqual(['OLD-1', 'BOTH-1', 'NEW-1'])
    expect(replace).toMatchObject({ lines: [2, 2, 1], generations: [1, 1, 1], bytes })
    expect(replace.open).toEqual(['BOTH-1', 'NEW-1'])
    expect(published).toContain(`merge/${DAY}/index.html`)
    expect(published).toContain(`replace/${DAY}/index.html`)

    const [merged, replaced] = [await pageOf('merge'), await pageOf('replace')]
    for (const text of ['old-server', 'both-server', 'new-server', 'OLD-1', 'NEW-1', '333']) {
      expect(merged).toContain(text)
      const old = text === 'old-server' || text === 'OLD-1'
      if (old) expect(replaced).not.toContain(text)
      else expect(replaced).toContain(text)
    }
    // One more round finds nothing new: both are at rest.
    expect(await roundAt('13:05')).toEqual({ merge, replace, published: [] })
  })

  it('a file that is only cut: merge keeps the rows, replace shows what is left', async () => {
    await files(...BEFORE)
    await roundAt('10:00')
    await files(cpu('old-server', '08:00'), raised('OLD-1', '08:00'), calls(111, '08:00'))
    const { merge, replace } = await roundAt('11:00')
    expect(merge).toMatchObject({ lines: [3, 2, 2], open: ['OLD-1', 'BOTH-1'] })
    expect(replace).toMatchObject({ lines: [1, 1, 1], open: ['OLD-1'] })
    // And it grows again, differently.
    await files(
      cpu('old-server', '08:00') + cpu('new-server', '12:00'),
      raised('OLD-1', '08:00') + raised('NEW-1', '12:00'),
      calls(111, '08:00') + calls(333, '12:00'),
    )
    const grown = await roundAt('13:00')
    expect(grown.merge).toMatchObject({ lines: [4, 3, 3], open: ['OLD-1', 'BOTH-1', 'NEW-1'] })
    expect(grown.replace).toMatchObject({ lines: [2, 2, 2], open: ['OLD-1', 'NEW-1'] })
  })

  it('an emptied or vanished file takes nothing away until a new one stands there', async () => {
    await files(...BEFORE)
    const first = await roundAt('10:00')
    await files('', '', '')
    const empty = await roundAt('11:00')
    expect(empty.merge).toMatchObject({ lines: [3, 2, 2], open: ['OLD-1', 'BOTH-1'] })
    expect(empty.replace).toMatchObject({ lines: [3, 2, 2], open: ['OLD-1', 'BOTH-1'] })
    await files(...BEFORE)
    const back = await roundAt('12:00')
    expect(back.merge.lines).toEqual(first.merge.lines)
    expect(back.replace.lines).toEqual(first.replace.lines)
  })

  it('is marked replaced when the day is over, and past pages follow', async () => {
    await files(...BEFORE)
    await roundAt('10:00')
    await files(...AFTER)
    const { merge, replace } = await roundAt('03:00', '2026-11-11')
    // The samples have holes, which is worse than having been replaced.
    expect(merge.coverage).toEqual(['partial', 'replaced', 'replaced'])
    expect(replace.coverage).toEqual(['partial', 'replaced', 'replaced'])
    expect(await pageOf('merge')).toContain('OLD-1')
    expect(await pageOf('replace')).not.toContain('OLD-1')
    const again = await roundAt('04:30', '2026-11-11')
    expect(again.published).toEqual([])
  })
})
