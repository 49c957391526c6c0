import { Command } from 'commander'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { addAccess } from '../../lib/cli/access.ts'
import { RoundsError } from '../../lib/errors.ts'
import { DAY_MS, HOUR_MS } from '../../lib/time.ts'
import { type AccessWorld, accessWorld, SECRET_ARN, STORE_ARN } from '../access/access-world.ts'
import { type EdgeAnswer, edgeHandler, edgeRequest } from '../fixtures/edge-function.ts'
import { type RecordingTerminal, recordingTerminal } from './recording-terminal.ts'

const START = Date.parse('2026-11-10T08:00:00.400Z')
const COOKIE = '__Host-siterounds'
const PLACES = {
  publicUrl: 'https://reports.example',
  accessSecretArn: SECRET_ARN,
  keyValueStoreArn: STORE_ARN,
}

let world: AccessWorld
let nowMs: number

beforeEach(async () => {
  world = await accessWorld()
  nowMs = START
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'local')
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'local-secret-access-key')
  vi.stubEnv('AWS_ENDPOINT_URL_SECRETS_MANAGER', world.secretProxy.url)
})

afterEach(async () => {
  vi.unstubAllEnvs()
  await world.close()
})

/** Runs one command line as the real program does, with what a deployment says of itself. */
async function cli(...words: string[]): Promise<RecordingTerminal> {
  const env = { AWS_ENDPOINT_URL_CLOUDFRONT_KEYVALUESTORE: world.edgeProxy.url }
  const terminal = recordingTerminal('/', env)
  const program = new Command('siterounds').option('--stack <name>')
  const placesOf = async ({ stack }: Record<string, unknown>) => {
    if (stack === undefined) return PLACES
    throw new RoundsError('stack', 'stop', `There is no stack ${stack}.`)
  }
  addAccess(program, terminal, placesOf, { now: () => nowMs })
  await program.parseAsync(words, { from: 'user' })
  return terminal
}

async function json<T>(...words: string[]): Promise<T> {
  return JSON.parse((await cli(...words, '--json')).stdout)
}

/** What a browser sees that follows a link and keeps its cookie; undefined for a closed door. */
async function followed(link: string): Promise<{ location: string; maxAge: number } | undefined> {
  const door = edgeHandler('access.js', world.edge.values, () => nowMs)
  const { pathname, search } = new URL(link)
  const answer = (await door({ request: edgeRequest(pathname + search) })) as EdgeAnswer
  const cookie = answer.cookies?.[COOKIE]
  if (answer.statusCode !== 302 || cookie === undefined) return undefined
  const location = answer.headers.location!.value
  const next = await door({ request: edgeRequest(location, { [COOKIE]: cookie.value }) })
  expect(next).not.toHaveProperty('statusCode')
  return { location, maxAge: Number(/Max-Age=(\d+)/.exec(cookie.attributes)?.[1]) }
}

describe('access link', () => {
  it('prints a link alone, which opens the closed site, and beside it until when', async () => {
    const { stdout, stderr, exitCode } = await cli('access', 'link')
    expect(exitCode).toBe(0)
    expect(stdout).toMatch(/^https:\/\/reports\.example\/\?access=[\w-]+\.[\w-]+\.[\w-]{43}\n$/)
    expect(stderr).toContain('until 2026-11-10T20:00:00Z')
    const opened = await followed(stdout.trim())
    expect(opened).toMatchObject({ location: '/' })
    nowMs = Date.parse('2026-11-10T19:59:59Z')
    expect(await followed(stdout.trim())).toMatchObject({ maxAge: 1 })
    nowMs += 1_000
    expect(await followed(stdout.trim())).toBeUndefined()
  })

  it('is valid for the hours and the folder that were asked for', async () => {
    const { link, ...said } = await json<{ link: string }>(
      ...['access', 'link', '--hours', '744', '--path', 'bj01'],
    )
    expect(said).toEqual({
      path: '/bj01/',
      until: '2026-12-11T08:00:00Z',
      kid: world.keys()[0]?.kid,
    })
    expect(new URL(link).pathname).toBe('/bj01/')
    expect(await followed(link)).toMatchObject({ location: '/bj01/' })
    expect(await followed(link.replace('/bj01/', '/sh02/'))).toBeUndefined()
    const { stderr } = await cli('access', 'link', '--path', '/bj01/')
    expect(stderr).toContain('the pages below /bj01/')
  })

  it.each([
    ['--hours', '0'],
    ['--hours', '745'],
    ['--hours', '1.5'],
    ['--hours', '-1'],
    ['--hours', '12h'],
    ['--path', '/../'],
    ['--path', '/a b/'],
    ['--path', 'https://evil.example/'],
  ])('refuses %s %s before anything is asked or made', async (option, value) => {
    await expect(cli('access', 'link', option, value)).rejects.toMatchObject({ code: 'usage' })
    expect([...world.secretProxy.passed, ...world.edgeProxy.passed]).toEqual([])
  })

  it('tells a failure in one sentence with its cure, and prints no link, no secret', async () => {
    await cli('access', 'link')
    const answer = { status: 400, body: '{"__type":"AccessDeniedException","message":"no"}' }
    world.secretProxy.plan(() => answer)
    const { stdout, stderr, exitCode } = await cli('access', 'link')
    expect([stdout, exitCode]).toEqual(['', 2])
    expect(stderr).toMatch(/^The secret .* refuses this account \(AccessDeniedException\)\. Check/)
    expect(stderr).not.toContain(world.keys()[0]?.secret)
    expect(stderr).not.toContain('local-secret-access-key')
  })

  it('hands all options to whoever knows the stacks, and tells what is wrong', async () => {
    const { stdout, stderr, exitCode } = await cli('--stack', 'x', 'access', 'link')
    expect([stdout, stderr, exitCode]).toEqual(['', 'There is no stack x.\n', 2])
  })
})

describe('access rotate', () => {
  it('has a new key sign, and leaves the links that are out', async () => {
    const before = (await cli('access', 'link')).stdout.trim()
    const { stdout, exitCode } = await cli('access', 'rotate')
    expect(exitCode).toBe(0)
    const [older, newer] = world.keys()
    expect(stdout).toContain(`${newer?.kid} signs new links`)
    expect(stdout).toContain('valid until their time is over')
    const after = await json<{ link: string; kid: string }>('access', 'link')
    expect(after.kid).toBe(newer?.kid)
    expect(await followed(before)).toBeDefined()
    expect(await followed(after.link)).toBeDefined()
    expect(older?.kid).not.toBe(newer?.kid)
  })

  it('ends all links with --now', async () => {
    const before = (await cli('access', 'link')).stdout.trim()
    const { stdout } = await cli('access', 'rotate', '--now')
    expect(stdout).toContain('open nothing more')
    expect(await followed(before)).toBeUndefined()
    expect(await followed((await cli('access', 'link')).stdout.trim())).toBeDefined()
    const [{ kid } = { kid: '' }] = world.keys()
    expect(await json('access', 'rotate')).toMatchObject({ kept: [kid] })
    expect(await json('access', 'rotate', '--now')).toMatchObject({ kept: [] })
  })
})

describe('access show', () => {
  it('shows keys, until when their links are valid, and no secret', async () => {
    await cli('access', 'link')
    nowMs += DAY_MS
    await cli('access', 'rotate')
    const { stdout, stderr } = await cli('access', 'show')
    const [older, newer] = world.keys()
    const rows = stdout.split('\n').map((line) => line.split(/ {2,}/))
    expect(rows.slice(0, 3)).toEqual([
      ['key', 'made', 'links until', 'at the edge'],
      [older?.kid, '2026-11-10T08:00:00Z', '2026-12-12T09:00:00Z', 'yes'],
      [newer?.kid, '2026-11-11T08:00:00Z', 'signs new links', 'yes'],
    ])
    expect(stderr).toBe('')
    for (const secret of world.edge.values.values()) expect(stdout).not.toContain(secret)
  })

  it('says when the edge is not as the secret is, and changes nothing', async () => {
    expect(await json('access', 'show')).toEqual({ keys: [], others: [] })
    await cli('access', 'link')
    world.edge.values.clear()
    world.edge.values.set('strange', 'x')
    const { stdout, stderr, exitCode } = await cli('access', 'show')
    expect(exitCode).toBe(0)
    expect(stdout).toMatch(/signs new links +no\n/)
    expect(stderr).toContain('(strange)')
    expect(world.held()).toEqual({ strange: 'x' })
    expect(await json('access', 'show')).toMatchObject({
      keys: [{ kid: world.keys()[0]?.kid, linksUntil: null, atEdge: false }],
      others: ['strange'],
    })
    nowMs += HOUR_MS
    await cli('access', 'link')
    expect(world.held()).toEqual({ [world.keys()[0]!.kid]: world.keys()[0]!.secret })
  })
})
