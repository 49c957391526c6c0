import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { started } from './started.ts'

/** A server that says where it listens, as engines do. */
const SERVER = `
  const server = require('node:net').createServer((socket) => socket.on('error', () => {}))
  server.listen(0, '127.0.0.1', () => console.log('at http://localhost:' + server.address().port))`

const STARTED = new URL('started.ts', import.meta.url).href

/** A process that starts the server above, prints its address, and stays. */
const OWNER = `
  const { started } = await import(${JSON.stringify(STARTED)})
  console.log((await started([process.execPath, '-e', ${JSON.stringify(SERVER)}])).url)`

/** Connects, and gives a promise of the end of the connection. */
async function connected(url: string): Promise<{ ended: Promise<unknown> }> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  await once(socket, 'connect')
  // An end by reset is an end too.
  socket.on('error', () => {}).resume()
  return { ended: new Promise((resolve) => socket.on('close', resolve)) }
}

describe('an engine', () => {
  it('runs until it is stopped', async () => {
    const engine = await started([process.execPath, '-e', SERVER])
    const { ended } = await connected(engine.url)
    await engine.stop()
    await ended
    await expect(fetch(engine.url)).rejects.toThrow()
  })

  it('ends with the process that started it, also when that one is killed', async () => {
    const owner = spawn(process.execPath, ['--input-type=module', '-e', OWNER])
    const [url] = await once(owner.stdout.setEncoding('utf8'), 'data')
    const { ended } = await connected(url.trim())
    owner.kill('SIGKILL')
    await ended
  })

  it('that does not start says why', async () => {
    const broken = [process.execPath, '-e', 'console.log("x"); throw Error("no such jar")']
    await expect(started(broken)).rejects.toThrow(/ended instead of starting: .*no such jar/)
    await expect(started(['/nowhere/java'])).rejects.toThrow(/ENOENT/)
  })
})

describe('npm run test:aws where nothing is installed', () => {
  let caches: string
  beforeEach(() => {
    caches = mkdtempSync(join(tmpdir(), 'siterounds-caches-'))
  })
  afterEach(() => rmSync(caches, { recursive: true }))

  const script = fileURLToPath(new URL('run.ts', import.meta.url))
  const run = (...args: string[]) =>
    promisify(execFile)(process.execPath, [script, ...args], {
      env: { PATH: caches, XDG_CACHE_HOME: caches },
    })

  it('tells of each engine why it is not run, and fails only where they are required', async () => {
    const { stdout } = await run()
    expect(stdout.split('\n').filter((line) => line.includes('not run'))).toEqual([
      'DynamoDB Local: not run: no java (it needs Java 17 or newer and Maven)',
      'moto S3: not run: no python3 (it needs Python 3.10 or newer with venv and pip)',
      'moto SES: not run: no python3 (it needs Python 3.10 or newer with venv and pip)',
    ])
    await expect(run('--required')).rejects.toMatchObject({ code: 1 })
  })
})
