import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { keySecret } from '../../lib/access/key-secret.ts'
import { keysForLinks, turnKeys } from '../../lib/access/key-turning.ts'
import { keyValueStore } from '../../lib/access/key-value-store.ts'
import { RoundsError } from '../../lib/errors.ts'
import { LOCAL } from '../fixtures/dynamodb-server.ts'
import { type AccessWorld, accessWorld, SECRET_ARN, STORE_ARN } from './access-world.ts'

const NOW = Date.parse('2026-11-10T08:00:00Z')

let world: AccessWorld

beforeEach(async () => {
  world = await accessWorld()
  await keysForLinks(world.open(), NOW)
})

afterEach(() => world.close())

/** What making a new key fails with, looked at for secrets of every kind. */
async function failure(): Promise<RoundsError> {
  const thrown = await turnKeys(world.open(), { endLinks: false, nowMs: NOW }).catch(
    (error) => error,
  )
  expect(thrown).toBeInstanceOf(RoundsError)
  const told = JSON.stringify([thrown.message, thrown.hint, thrown.stack, thrown])
  const secrets = [...world.edge.values.values(), ...world.keys().map(({ secret }) => secret)]
  expect(secrets.length).toBeGreaterThan(0)
  for (const secret of secrets) expect(told).not.toContain(secret)
  expect(thrown.cause).toBeUndefined()
  return thrown
}

/** An answer of the service itself, for every request that writes. */
function answering(status: number, name: string) {
  const body = JSON.stringify({ __type: name, message: `because ${world.keys()[0]?.secret}` })
  return { status, body, headers: { 'x-amzn-errortype': name } }
}

const CASES: [string, number, string, string][] = [
  ['AccessDeniedException', 400, 'access-refused', 'stop'],
  ['ExpiredTokenException', 400, 'access-refused', 'stop'],
  ['ResourceNotFoundException', 400, 'access-missing', 'stop'],
  ['ValidationException', 400, 'access-store', 'retry'],
  ['InternalServiceError', 500, 'access-store', 'retry'],
]

describe('a store that does not do what is asked', () => {
  it.each(CASES)('the secret: %s (%i) is %s, %s', async (name, status, code, errorClass) => {
    world.secretProxy.plan(({ target }) =>
      target.endsWith('GetSecretValue') ? undefined : answering(status, name),
    )
    const told = await failure()
    expect(told).toMatchObject({ code, class: errorClass })
    expect(told.message).toMatch(/^The secret with the keys of access links .*\(\w+\)\.$/)
  })

  it.each(CASES)('the edge: %s (%i) is %s, %s', async (name, status, code, errorClass) => {
    world.edgeProxy.plan(({ method }) => (method === 'GET' ? undefined : answering(status, name)))
    const told = await failure()
    expect(told).toMatchObject({ code, class: errorClass })
    expect(told.message).toMatch(/^The key value store of the report site .*\(\w+\)\.$/)
  })

  it('reading fails in the same words', async () => {
    world.edgeProxy.plan(() => answering(403, 'AccessDeniedException'))
    const told = await failure()
    expect(told).toMatchObject({ code: 'access-refused' })
    expect(told.hint).toContain('STS')
  })

  it('an ARN of another one is not there', async () => {
    const { credentials } = LOCAL
    const secret = keySecret(`${SECRET_ARN}x`, { credentials, endpoint: world.secrets.url })
    const edge = keyValueStore(`${STORE_ARN}0`, { credentials, at: world.edge.url })
    for (const call of [secret.read(), edge.read()]) {
      await expect(call).rejects.toMatchObject({ code: 'access-missing' })
    }
  })

  it('nobody who listens is a passing fault', async () => {
    const { credentials } = LOCAL
    const at = { credentials, maxAttempts: 1 }
    const secret = keySecret(SECRET_ARN, { ...at, endpoint: 'http://127.0.0.1:1' })
    const edge = keyValueStore(STORE_ARN, { ...at, at: 'http://127.0.0.1:1' })
    for (const call of [secret.read(), edge.read()]) {
      await expect(call).rejects.toMatchObject({ code: 'access-store', class: 'retry' })
    }
  })
})
