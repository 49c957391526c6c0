import { inspect } from 'node:util'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { secretValues } from '../../lib/store/secret-values.ts'
import { LOCAL } from '../fixtures/dynamodb-server.ts'
import { type Fault, type FaultProxy, faultProxy } from '../fixtures/fault-proxy.ts'
import { type SecretsServer, secretsServer } from '../fixtures/secrets-server.ts'

const ARN = 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:sites-AbCdEf'
const NONE = 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:none-AbCdEf'

let server: SecretsServer
let proxy: FaultProxy

beforeAll(async () => {
  server = await secretsServer({ [ARN]: '{}', [NONE]: undefined })
  proxy = await faultProxy(server.url)
})
afterAll(async () => {
  await proxy.close()
  await server.close()
})
afterEach(() => {
  proxy.plan()
  proxy.forget()
})

const read = (arn = ARN, config = {}) =>
  secretValues(arn, { ...LOCAL, endpoint: proxy.url, ...config })

/** Makes this the text of the secret. */
function holds(text: string): void {
  server.secrets.get(ARN)!.get('first')!.text = text
}

const refusal = (name: string): Fault => ({
  status: 400,
  body: JSON.stringify({ __type: name, Message: 'canary' }),
})

describe('the secret of a stack', () => {
  it.each<[string, object]>([
    ['{}', {}],
    ['{"BJ01_PASSWORD":"秘密 \\u0000\\"","B":""}', { BJ01_PASSWORD: '秘密 \u0000"', B: '' }],
  ])('that holds %s is these texts', async (text, values) => {
    holds(text)
    expect(await read()).toEqual(values)
  })

  it.each([
    '',
    'canary',
    '"canary"',
    'null',
    '["canary"]',
    '{"A":"canary"',
    '{"A":5,"B":"canary"}',
    '{"A":{"B":"canary"}}',
    '{"A":null,"B":"canary"}',
  ])('that holds %s is told, and not what it holds', async (text) => {
    holds(text)
    const own = read()
    await expect(own).rejects.toMatchObject({ code: 'secret-form', class: 'stop' })
    const shown = await own.catch((error) => inspect(error, { depth: 9, showHidden: true }))
    expect(shown).not.toContain('canary')
  })

  it.each<[string, string]>([
    ['that is not there', ARN.replace('sites', 'other')],
    ['that has no value yet', NONE],
  ])('%s is told with its name', async (_, arn) => {
    const own = read(arn)
    await expect(own).rejects.toMatchObject({ code: 'secret-missing', class: 'stop' })
    await expect(own).rejects.toThrow(arn)
  })
})

describe('when the network or the service fails', () => {
  it.each<[string, Fault]>([
    ['throttled', refusal('ThrottlingException')],
    ['answered with 500', { status: 500 }],
    ['cut before the service hears of it', 'cut-before'],
    ['cut when it has answered', 'cut-after'],
  ])('a request that is %s is made again', async (_, fault) => {
    holds('{"A":"canary"}')
    let failed = false
    proxy.plan(() => {
      if (failed) return undefined
      failed = true
      return fault
    })
    expect(await read()).toEqual({ A: 'canary' })
    expect(proxy.passed).toHaveLength(2)
  })

  it.each<[string, Fault, object]>([
    [
      'throttled on and on',
      refusal('ThrottlingException'),
      { code: 'secret-busy', class: 'retry' },
    ],
    ['never answered well', { status: 500 }, { code: 'secret-down', class: 'retry' }],
    ['not allowed', refusal('AccessDeniedException'), { code: 'secret-refused', class: 'stop' }],
  ])('what is %s fails with a way out', async (_, fault, told) => {
    proxy.plan(() => fault)
    await expect(read(ARN, { maxAttempts: 1 })).rejects.toMatchObject({
      ...told,
      hint: expect.stringMatching(/./),
    })
  })
})
