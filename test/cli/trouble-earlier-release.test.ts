import { appendFileSync, existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { MINUTE_MS } from '../../lib/time.ts'
import { newWorld, type World } from '../fixtures/rounds-world.ts'
import { earlierStates, unpackState } from '../fixtures/states/earlier.ts'

/** What released versions left is gone on with as if the present code had made it (T12). */

const DAY = '2026-11-10'

interface Collected {
  files: { site: string; feed: string; lines: number; generation: number }[]
  failures: object[]
}

it('a state of every released version is kept', () => {
  expect(earlierStates().map(({ version }) => version)).toContain('0.1.0')
})

describe.each(earlierStates())('the state of release $version', (state) => {
  let world: World

  beforeEach(async () => {
    world = await newWorld()
    unpackState(state, world.folder)
    vi.useFakeTimers({ toFake: ['Date'] })
    vi.setSystemTime(Date.parse(state.at) + MINUTE_MS)
  })

  afterEach(async () => {
    vi.useRealTimers()
    await world.remove()
  })

  const mails = () => readdirSync(join(world.folder, 'var', 'outbox')).sort()

  it('shows the figures and the alarms that the release itself showed', async () => {
    const status = await world.json<object[]>('status', '--day', DAY)
    expect(status).toMatchObject(state.status)
    expect(status).toHaveLength(state.status.length)
    const alarms = await world.json<object[]>('alarms', '--at', state.at)
    expect(alarms).toMatchObject(state.alarms)
    expect(alarms).toHaveLength(state.alarms.length)
    expect(alarms.length).toBeGreaterThan(3)
  })

  it('reads nothing again, and mails nothing again', async () => {
    const before = mails()
    expect(await world.json('collect')).toMatchObject({ files: [], failures: [] })
    expect(await world.json('notify')).toMatchObject({ sent: [] })
    expect(mails()).toEqual(before)
    const after = await world.json<object[]>('status', '--day', DAY)
    expect(after).toMatchObject(state.status)
  })

  it('goes on with every day file where the release ended', async () => {
    const stamp = `${DAY} 10:00:30`
    for (const site of ['east', 'west', 'race']) {
      const file = join(world.portals, site, 'sys_alarm', 'system_alarm_20261110.txt')
      appendFileSync(file, `${site}|NEW-1|n|d|${stamp}||${stamp}\n`)
    }
    const { files, failures } = await world.json<Collected>('collect')
    expect(failures).toEqual([])
    const told = state.status as Collected['files']
    expect(files).toHaveLength(3)
    for (const { site, feed, lines, generation } of files) {
      const before = told.find((one) => one.site === site && one.feed === 'alarm')!
      expect({ feed, lines, generation }).toEqual({
        feed: 'alarm',
        lines: 1,
        generation: before.generation,
      })
    }
    vi.setSystemTime(Date.parse(state.at) + 20 * MINUTE_MS)
    const before = mails()
    const { sent } = await world.json<{ sent: { group: string }[] }>('notify')
    expect(sent.map(({ group }) => group).sort()).toEqual(['east', 'race', 'west'])
    expect(mails()).toHaveLength(before.length + 3)
  })

  it('has its pages made', async () => {
    expect((await world.cli('report', '--force')).exitCode).toBe(0)
    for (const site of ['east', 'west', 'race']) {
      const page = readFileSync(join(world.folder, 'var/site', site, DAY, 'index.html'), 'utf8')
      expect(page).toContain('A-2')
    }
  })

  it('has a marker from its first use on', async () => {
    expect(existsSync(join(world.folder, 'var', 'state.json'))).toBe(
      'var/state.json' in state.files,
    )
    await world.json('status')
    const marker = JSON.parse(readFileSync(join(world.folder, 'var', 'state.json'), 'utf8'))
    expect(marker).toMatchObject({ format: 1, id: expect.stringMatching(/./) })
    await world.json('status')
    expect(JSON.parse(readFileSync(join(world.folder, 'var', 'state.json'), 'utf8'))).toEqual(
      marker,
    )
  })
})
