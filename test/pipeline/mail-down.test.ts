import { afterEach, beforeEach, expect, it } from 'vitest'
import { collect, notify } from '../../lib/pipeline.ts'
import { folderSite, newWorld, type World } from '../fixtures/rounds-world.ts'
import { closedPort } from '../fixtures/sites-with-faults.ts'

/** A mail server that does not answer: asked once a run, everything waits, nothing is forgotten. */

let world: World

beforeEach(async () => {
  world = await newWorld()
})

afterEach(() => world.remove())

const sites = ['a', 'b', 'c'].map((id) => folderSite(id, { recipients: ['o@example.com'] }))

/** Since eight in the morning, but for `YOUNG`, which has not stood for a quarter of an hour. */
async function raise(site: string, ...names: string[]): Promise<void> {
  const lines = names.map((name) => {
    const stamp = `2026-11-10 ${name === 'YOUNG' ? '11:50:00' : '08:00:00'}`
    return `${site}|${name}|n|d|${stamp}||${stamp}\n`
  })
  await world.write(`${site}/sys_alarm/system_alarm_20261110.txt`, lines.join(''))
}

/** A collect and a notify run at noon under the configuration as it stands. */
async function round() {
  const rounds = world.open({ now: () => Date.parse('2026-11-10T12:00:00+08:00') })
  await collect(rounds, { via: 'round' })
  const { sent, waiting, overdue, failures } = await notify(rounds)
  await rounds.close()
  const mailed = sent.map(({ group, alarms }) => [group, alarms])
  return {
    mailed,
    waiting,
    overdue,
    failures: failures.map(({ site, error }) => [site, error.code]),
  }
}

it('counts what waits and what is overdue, of every site, and mails it later', async () => {
  await world.configure({ sites })
  for (const id of ['a', 'b', 'c']) await raise(id, 'OLD')
  expect(await round()).toMatchObject({ mailed: ['a', 'b', 'c'].map((id) => [id, 1]), waiting: 0 })

  const { port } = new URL(await closedPort())
  await world.configure({ sites, mail: { kind: 'smtp', host: '127.0.0.1', port: Number(port) } })
  await raise('a', 'OLD', 'NEW', 'YOUNG')
  await raise('c', 'OLD', 'NEW', 'NEXT', 'YOUNG')
  const down = { mailed: [], waiting: 5, overdue: 3, failures: [['a', 'mail-connection']] }
  expect(await round()).toEqual(down)
  expect(await round()).toEqual(down)

  await world.configure({ sites })
  const after = { waiting: 2, overdue: 0, failures: [] }
  expect(await round()).toEqual({
    mailed: [
      ['a', 1],
      ['c', 2],
    ],
    ...after,
  })
  expect(await round()).toEqual({ mailed: [], ...after })
})
