import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Portal, startPortal } from '../../demo/portal.ts'

const BODY = 'first line\nsecond line\nthi'
const PATH = '/east/sys_monitor/system_info_20261120.txt'

let folder: string
let portal: Portal

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portal-'))
  await mkdir(join(folder, 'public/east/sys_monitor'), { recursive: true })
  await writeFile(join(folder, 'public', PATH), BODY)
  await writeFile(join(folder, 'public/east/empty.txt'), '')
  await writeFile(join(folder, 'public/east/.replacing'), 'hidden')
  await writeFile(join(folder, 'secret.txt'), 'secret')
  portal = await startPortal(join(folder, 'public'))
})

afterAll(async () => {
  await portal.close()
  await rm(folder, { recursive: true })
})

async function get(path: string, range?: string) {
  const answer = await fetch(portal.url + path, range ? { headers: { Range: range } } : {})
  return {
    status: answer.status,
    contentRange: answer.headers.get('Content-Range'),
    body: await answer.text(),
  }
}

/** The status of a request whose target is sent exactly as it stands: fetch would tidy it up. */
function statusOfRaw(target: string, method = 'GET'): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(portal.url).port), '127.0.0.1')
    let answer = ''
    socket.on('data', (chunk) => (answer += chunk))
    socket.on('end', () => resolve(answer))
    socket.on('error', reject)
    socket.write(`${method} ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)
  })
}

test('listens on loopback and serves a file whole', async () => {
  expect(portal.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
  expect(await get(PATH)).toEqual({ status: 200, contentRange: null, body: BODY })
})

test.each([
  ['bytes=6-', 'bytes 6-25/26', BODY.slice(6)],
  ['bytes=0-4', 'bytes 0-4/26', 'first'],
  ['bytes=20-999', 'bytes 20-25/26', BODY.slice(20)],
  ['bytes=-3', 'bytes 23-25/26', 'thi'],
  ['bytes=-999', 'bytes 0-25/26', BODY],
  ['bytes=25-', 'bytes 25-25/26', 'i'],
])('%s is 206', async (range, contentRange, body) => {
  expect(await get(PATH, range)).toEqual({ status: 206, contentRange, body })
})

test.each(['bytes=26-', 'bytes=99-100', 'bytes=-0'])('%s is 416', async (range) => {
  expect(await get(PATH, range)).toEqual({ status: 416, contentRange: 'bytes */26', body: '' })
})

test.each(['bytes=5-2', 'bytes=-', 'bytes=a-b', 'lines=1-2', 'bytes=0-1,4-5'])(
  '%s is not understood and gives the whole file',
  async (range) => {
    expect((await get(PATH, range)).status).toBe(200)
  },
)

test('an empty file is empty, and has no first byte', async () => {
  expect(await get('/east/empty.txt')).toEqual({ status: 200, contentRange: null, body: '' })
  expect((await get('/east/empty.txt', 'bytes=0-')).status).toBe(416)
})

test('sees what was appended since', async () => {
  await writeFile(join(folder, 'public/east/grows.txt'), 'one\n')
  expect((await get('/east/grows.txt')).body).toBe('one\n')
  await writeFile(join(folder, 'public/east/grows.txt'), 'one\ntwo\n')
  expect((await get('/east/grows.txt', 'bytes=4-')).body).toBe('two\n')
})

test.each([
  '/nothing.txt',
  '/',
  '/east',
  '/east/',
  '/east/.replacing',
  '/../secret.txt',
  '/east/../../secret.txt',
  '/%2e%2e/secret.txt',
  '/..%2fsecret.txt',
  '//secret.txt',
  '/..\\secret.txt',
  '/east/empty.txt/more',
  '/east/empty.txt%00',
])('%s is 404', async (target) => {
  const answer = await statusOfRaw(target)
  expect(answer).toMatch(/^HTTP\/1\.1 404 /)
  expect(answer).not.toContain('secret')
})

test('answers GET only', async () => {
  expect(await statusOfRaw(PATH, 'POST')).toMatch(/^HTTP\/1\.1 405 [\s\S]*Allow: GET/)
})

test('close frees the port although a client keeps its connection', async () => {
  const other = await startPortal(join(folder, 'public'))
  await (await fetch(other.url + PATH)).text()
  await other.close()
  await expect(fetch(other.url + PATH)).rejects.toThrow()
})
