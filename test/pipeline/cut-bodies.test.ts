import type { Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { between, seeded } from '../../demo/seeded.ts'
import { collect } from '../../lib/pipeline.ts'
import { type Ask, type BadServer, badServer } from '../fixtures/bad-server.ts'
import { realWeekFiles } from '../fixtures/real-week.ts'
import { type Known, knownOf } from '../fixtures/rounds-hash.ts'
import { newWorld, realSites, type World } from '../fixtures/rounds-world.ts'

/** Answers that break off anywhere: what came is kept, and the next round reads on from there. */

const RANGE = { from: '2026-11-08', to: '2026-11-09' }
const END_MS = Date.parse('2026-11-09T23:59:59+08:00')
const clock = { now: () => Date.parse('2026-11-15T12:00:00+08:00') }

const files = realWeekFiles()
const next = seeded('where answers break off')
const worlds: World[] = []
let server: BadServer
let breaking = false

/** Promises the rest of a file, and hangs up after a random part of it while `breaking`. */
function answer(socket: Socket, { path, from }: Ask): void {
  const file = files.get(path.replace(/^\//, ''))
  if (!file) {
    socket.write('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n')
    return
  }
  const rest = file.subarray(from)
  const place = `Content-Range: bytes ${from}-${file.length - 1}/${file.length}`
  const status = from > 0 ? `206 Partial Content\r\n${place}` : '200 OK'
  socket.write(`HTTP/1.1 ${status}\r\nContent-Length: ${rest.length}\r\n\r\n`)
  const cut = breaking ? between(next, 0, rest.length) : rest.length
  if (cut === rest.length) socket.write(rest)
  else socket.end(rest.subarray(0, cut))
}

beforeAll(async () => {
  server = await badServer(answer, Buffer.alloc(0))
})

afterAll(async () => {
  await server?.close()
  for (const world of worlds) await world.remove()
})

/** Rounds over two days of three sites, until one has no failure. */
async function untilWhole(): Promise<{ known: Known; lines: number; cuts: number }> {
  const world = await newWorld()
  worlds.push(world)
  await world.configure({ sites: realSites(server.url) })
  const rounds = world.open(clock)
  const done = { lines: 0, cuts: 0 }
  for (let round = 0; round < 40; round += 1) {
    // In the end the server gets well: chance alone need not.
    if (round === 12) breaking = false
    const { totals, failures } = await collect(rounds, { via: 'round', range: RANGE })
    done.lines += totals.lines
    done.cuts += failures.length
    expect(failures.filter(({ error }) => error.code !== 'cut-body')).toEqual([])
    if (failures.length === 0) break
  }
  const known = await knownOf(rounds, RANGE, END_MS)
  await rounds.close()
  return { known, ...done }
}

describe('answers that break off', () => {
  it('lose nothing and double nothing', async () => {
    breaking = false
    const whole = await untilWhole()
    expect(whole.cuts).toBe(0)
    breaking = true
    const cut = await untilWhole()
    expect(cut.cuts).toBeGreaterThan(50)
    expect(cut.known).toEqual(whole.known)
    expect(cut.lines).toBe(whole.lines)
    expect(cut.lines).toBe(cut.known.rows)
  }, 60_000)
})
