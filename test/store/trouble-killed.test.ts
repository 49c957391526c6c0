import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, describe, expect, it } from 'vitest'
import { between, seeded } from '../../demo/seeded.ts'
import { systemChance } from '../../lib/random.ts'
import { sqliteTable } from '../../lib/store/sqlite.ts'
import { systemClock } from '../../lib/time.ts'

/** A process that is killed while it makes a store: whatever it leaves, the next start heals. */

const all = mkdtempSync(join(tmpdir(), 'siterounds-killed-'))
afterAll(() => rmSync(all, { recursive: true, force: true }))
const LIB = new URL('../../lib/', import.meta.url)

/** Loads the driver, says so, and makes the store when it is told to; then writes on and on. */
const MAKER = `
  const [{ sqliteTable }, { systemChance }, { systemClock }] = await Promise.all(
    ['store/sqlite.ts', 'random.ts', 'time.ts'].map((path) => import('${LIB}' + path)),
  )
  process.stdin.once('data', async (file) => {
    const table = sqliteTable(String(file), systemClock, systemChance, [])
    for (let n = 0; ; n += 1) {
      const key = { partition: 'p', sort: String(n).padStart(8, '0') }
      if (!(await table.create(key, { data: { n } })).done) continue
      process.stdout.write(n + '\\n')
    }
  })
  process.stdout.write('ready\\n')
`

/** Starts a process that makes or opens the store; kills it `afterMs` later. The writes it told. */
async function killedMaker(file: string, afterMs: number): Promise<number> {
  const maker = spawn(process.execPath, ['--input-type=module', '-e', MAKER])
  let told = ''
  maker.stdout.setEncoding('utf8').on('data', (text) => {
    told += text
  })
  const ended = once(maker, 'close')
  await once(maker.stdout, 'data')
  maker.stdin.write(file)
  await sleep(afterMs)
  maker.kill('SIGKILL')
  expect((await ended)[1]).toBe('SIGKILL')
  return told.split('\n').slice(1, -1).length
}

describe('a process killed while it makes the store (F60, F62)', () => {
  it('at any moment leaves a state that heals, with every write that was told', async () => {
    const next = seeded('when the maker of a store is killed')
    const left = { nothing: 0, noMarker: 0, whole: 0 }
    for (let cycle = 0; cycle < 30; cycle += 1) {
      const folder = join(all, `made-${cycle}`)
      const file = join(folder, 'state.db')
      mkdirSync(folder)
      const told = await killedMaker(file, between(next, 0, 40))
      if (!existsSync(file)) left.nothing += 1
      else if (existsSync(join(folder, 'state.json'))) left.whole += 1
      else left.noMarker += 1
      const table = sqliteTable(file, systemClock, systemChance, [])
      const items = await table.list('p')
      // One more may have been written whose telling did not get out.
      expect(items.length - told).toBeGreaterThanOrEqual(0)
      expect(items.map(({ data }) => data.n)).toEqual(items.map((_, n) => n))
      await table.close()
      expect(existsSync(join(folder, 'state.json'))).toBe(true)
    }
    expect(left.whole).toBeGreaterThan(0)
    expect(left.nothing + left.noMarker).toBeGreaterThan(0)
  }, 120_000)

  it('leaves these, moment by moment, and each is made whole', async () => {
    const folder = join(all, 'moments')
    const file = join(folder, 'state.db')
    mkdirSync(folder)
    await sqliteTable(file, systemClock, systemChance).close()
    const whole = readFileSync(file)
    const moments: (() => void)[] = [
      // Nothing yet; the folder; the empty file; the store without its marker.
      () => rmSync(folder, { recursive: true }),
      () => undefined,
      () => writeFileSync(file, ''),
      () => writeFileSync(file, whole),
      // The marker under the name it has until it is whole.
      () => {
        writeFileSync(file, whole)
        writeFileSync(join(folder, '.state.json-killed'), '{')
      },
    ]
    for (const moment of moments) {
      rmSync(folder, { recursive: true, force: true })
      mkdirSync(folder)
      moment()
      const table = sqliteTable(file, systemClock, systemChance)
      expect((await table.create({ partition: 'p', sort: 'a' }, { data: {} })).done).toBe(true)
      await table.close()
      const again = sqliteTable(file, systemClock, systemChance)
      expect(await again.list('p')).toHaveLength(1)
      await again.close()
      expect(readdirSync(folder)).toContain('state.json')
    }
  })

  it('does not keep several that begin at once from making one store', async () => {
    const file = join(all, 'together', 'state.db')
    mkdirSync(join(all, 'together'))
    await Promise.all([300, 300, 300].map((afterMs) => killedMaker(file, afterMs)))
    const table = sqliteTable(file, systemClock, systemChance)
    const items = await table.list('p')
    expect(items.map(({ data }) => data.n)).toEqual(items.map((_, n) => n))
    expect(items.length).toBeGreaterThan(0)
    await table.close()
  }, 60_000)
})
