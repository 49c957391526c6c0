import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { keysForLinks, turnKeys } from '../../lib/access/key-turning.ts'
import { keysText, newKey } from '../../lib/access/keys.ts'
import { DAY_MS, HOUR_MS } from '../../lib/time.ts'
import { type AccessWorld, accessWorld, SECRET_ARN } from './access-world.ts'

const NOW = Date.parse('2026-11-10T08:00:00Z')

let world: AccessWorld

beforeEach(async () => {
  world = await accessWorld()
})

afterEach(() => world.close())

/** Another world in place of the usual one. */
async function instead(text: string | null): Promise<void> {
  await world.close()
  world = await accessWorld(text)
}

/** The secret and the edge hold the same keys, and these names. */
function expectEverywhere(...kids: string[]): void {
  const keys = world.keys()
  expect(keys.map(({ kid }) => kid)).toEqual(kids)
  expect(world.held()).toEqual(Object.fromEntries(keys.map(({ kid, secret }) => [kid, secret])))
}

const turn = (nowMs = NOW) => turnKeys(world.open(), { endLinks: false, nowMs })
const end = (nowMs = NOW) => turnKeys(world.open(), { endLinks: true, nowMs })

/** Does something once, just before the next request of this kind is answered. */
function quicker(operation: string, what: () => unknown): void {
  const hook = async (asked: string) => {
    if (asked !== operation) return
    world.secrets.before()
    world.edge.before()
    await what()
  }
  world.secrets.before(hook)
  world.edge.before(hook)
}

describe('the keys for links', () => {
  it.each([
    ['holds none', '{"keys":[]}'],
    ['holds none beside what the stack has put in', '{"keys":[],"placeholder":"x"}'],
    ['never had a value', null],
  ])('begin with one when the secret %s', async (_, text) => {
    await instead(text)
    const keys = await keysForLinks(world.open(), NOW)
    expect(keys).toEqual(world.keys())
    expectEverywhere(keys[0]!.kid)
  })

  it('stay as they are when they are used again: nothing is written', async () => {
    const first = await keysForLinks(world.open(), NOW)
    world.secretProxy.forget()
    world.edgeProxy.forget()
    expect(await keysForLinks(world.open(), NOW + 30 * DAY_MS)).toEqual(first)
    const targets = world.secretProxy.passed.map(({ target }) => target)
    expect(new Set(targets)).toEqual(new Set(['secretsmanager.GetSecretValue']))
    expect(world.edgeProxy.passed.every(({ method }) => method === 'GET')).toBe(true)
  })

  it('come to an edge that lacks them, has others, or has another secret for one', async () => {
    const [key] = await keysForLinks(world.open(), NOW)
    const { kid, secret } = key!
    world.edge.values.set(kid, 'another')
    for (let nth = 0; nth < 120; nth += 1) world.edge.values.set(`strange-${nth}`, 'x')
    await keysForLinks(world.open(), NOW)
    expect(world.held()).toEqual({ [kid]: secret })
  })

  it('are signed for with SigV4A, which the store asks for', async () => {
    await keysForLinks(world.open(), NOW)
    expect(new Set(world.edge.signatures)).toEqual(new Set(['AWS4-ECDSA-P256-SHA256']))
    expect(world.edge.signatures.length).toBeGreaterThan(2)
  })

  it('lose those whose last link has ended, everywhere', async () => {
    const [older, newer] = [newKey(NOW - 60 * DAY_MS), newKey(NOW - 31 * DAY_MS)]
    await instead(keysText([older, newer]))
    await keysForLinks(world.open(), NOW)
    expectEverywhere(older.kid, newer.kid)
    await keysForLinks(world.open(), NOW + HOUR_MS)
    expectEverywhere(newer.kid)
  })

  it('are not made anew in a secret of another form, which stays as it is', async () => {
    await instead('a password that somebody put here')
    const damaged = { code: 'access-keys', class: 'stop' }
    await expect(keysForLinks(world.open(), NOW)).rejects.toMatchObject(damaged)
    await expect(turn()).rejects.toMatchObject(damaged)
    expect(world.secrets.current(SECRET_ARN)).toBe('a password that somebody put here')
    expect(world.held()).toEqual({})
    const [fresh] = await end()
    expectEverywhere(fresh!.kid)
  })
})

describe('turning the keys', () => {
  it('adds one that signs; the older ones still open', async () => {
    const [first] = await keysForLinks(world.open(), NOW)
    const keys = await turn(NOW + DAY_MS)
    expect(keys).toHaveLength(2)
    expect(keys[0]).toEqual(first)
    expectEverywhere(...keys.map(({ kid }) => kid))
    expect(await keysForLinks(world.open(), NOW + DAY_MS)).toEqual(keys)
  })

  it('removes all older ones when links are to end', async () => {
    await keysForLinks(world.open(), NOW)
    await turn()
    const keys = await end()
    expect(keys).toHaveLength(1)
    expectEverywhere(keys[0]!.kid)
  })

  it('ends links also where more keys stand than go in one change', async () => {
    const many = Array.from({ length: 70 }, () => newKey(NOW))
    await instead(keysText(many))
    await keysForLinks(world.open(), NOW)
    expectEverywhere(...many.map(({ kid }) => kid))
    const [fresh] = await end()
    expectEverywhere(fresh!.kid)
  })
})

describe('two people at once', () => {
  it.each(['PutSecretValue', 'UpdateSecretVersionStage'])(
    'both keep their key when one has written before the other’s %s',
    async (operation) => {
      await keysForLinks(world.open(), NOW)
      let others: string[] = []
      quicker(operation, async () => {
        others = (await turn()).map(({ kid }) => kid)
      })
      const keys = (await turn()).map(({ kid }) => kid)
      expect(others).toHaveLength(2)
      expect(keys).toEqual([...others, keys[2]])
      expectEverywhere(...keys)
    },
  )

  it('make one first key, not two', async () => {
    let others: string[] = []
    quicker('UpdateSecretVersionStage', async () => {
      others = (await keysForLinks(world.open(), NOW)).map(({ kid }) => kid)
    })
    const keys = await keysForLinks(world.open(), NOW)
    expect(keys.map(({ kid }) => kid)).toEqual(others)
    expectEverywhere(...others)
  })

  it.each([
    ['ConflictException', 'The resource is not in expected state.'],
    ['ValidationException', 'Pre-Condition failed'],
  ])('leave the edge as the secret is, when one is slower there (%s)', async (name, message) => {
    world.edge.staleIs(name, message)
    await keysForLinks(world.open(), NOW)
    quicker('UpdateKeys', () => end())
    await turn()
    expect(world.keys()).toHaveLength(1)
    expectEverywhere(world.keys()[0]!.kid)
  })

  it.each(['DescribeKeyValueStore', 'ListKeys', 'UpdateKeys'])(
    'bring nothing old to the edge, when links were ended before the %s of the slower one',
    async (operation) => {
      await keysForLinks(world.open(), NOW)
      world.edge.values.clear()
      world.edge.changed()
      quicker(operation, () => end())
      await keysForLinks(world.open(), NOW)
      expectEverywhere(world.keys()[0]!.kid)
    },
  )

  it('are all served when they are six', async () => {
    const stores = Array.from({ length: 6 }, () => world.open())
    const turned = await Promise.all(
      stores.map((one) => turnKeys(one, { endLinks: false, nowMs: NOW })),
    )
    const signing = turned.map((keys) => keys.at(-1)!.kid)
    expect(
      world
        .keys()
        .map(({ kid }) => kid)
        .sort(),
    ).toEqual(signing.sort())
    expectEverywhere(...world.keys().map(({ kid }) => kid))
  })

  it.each(['UpdateSecretVersionStage', 'UpdateKeys'])(
    'give up when others are quicker every time (%s)',
    async (operation) => {
      await keysForLinks(world.open(), NOW)
      let nth = 0
      const versions = () => world.secrets.secrets.get(SECRET_ARN)!
      world.secrets.before((asked) => {
        if (asked !== operation) return
        nth += 1
        for (const { labels } of versions().values()) labels.delete('AWSCURRENT')
        const text = keysText([newKey(NOW)])
        versions().set(`other-${nth}`, { text, labels: new Set(['AWSCURRENT']) })
      })
      world.edge.before((asked) => {
        if (asked !== operation) return
        nth += 1
        world.edge.changed()
      })
      const contended = { code: 'access-contended', class: 'retry' }
      await expect(turn()).rejects.toMatchObject(contended)
      expect(nth).toBe(8)
    },
  )
})

describe('an answer that is lost', () => {
  it.each(['PutSecretValue', 'UpdateSecretVersionStage', 'UpdateKeys'])(
    'to %s leaves one new key, not two and not none',
    async (operation) => {
      const [first] = await keysForLinks(world.open(), NOW)
      let isCut = false
      const cut = (is: boolean) => {
        if (!is || isCut) return undefined
        isCut = true
        return 'cut-after' as const
      }
      world.secretProxy.plan(({ target }) => cut(target.endsWith(`.${operation}`)))
      world.edgeProxy.plan(({ method }) => cut(operation === 'UpdateKeys' && method === 'POST'))
      const keys = await turn()
      expect(isCut).toBe(true)
      expect(keys).toHaveLength(2)
      expectEverywhere(first!.kid, keys[1]!.kid)
    },
  )
})
