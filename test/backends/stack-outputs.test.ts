import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { accessPlaces, stackOutputs } from '../../lib/backends/stack-outputs.ts'
import { stubAws } from '../cli/aws-world.ts'
import {
  type CloudformationServer,
  cloudformationServer,
} from '../fixtures/cloudformation-server.ts'
import { EVERYTHING, synthesised } from '../infra/synthesis.ts'

const SITE = {
  PublicUrl: 'https://reports.example',
  AccessSecretArn: 'arn:secret',
  AccessKeysStoreArn: 'arn:store',
}

let server: CloudformationServer

beforeEach(async () => {
  server = await cloudformationServer({
    'north-data': { TableName: 'state', Odd: 'a<b>&"c"' },
    'north-site': SITE,
  })
  stubAws({ AWS_ENDPOINT_URL_CLOUDFORMATION: server.url })
})

afterEach(async () => {
  vi.unstubAllEnvs()
  await server.close()
})

describe('the outputs of stacks', () => {
  it('are read by name, and each stack is asked once', async () => {
    const outputs = stackOutputs('north')
    expect(await outputs.one('data', 'TableName')).toBe('state')
    expect(await outputs.one('data', 'Odd')).toBe('a<b>&"c"')
    expect(Object.fromEntries(await outputs.all('site'))).toEqual(SITE)
    expect(server.asked).toEqual(['north-data', 'north-site'])
  })

  it('lead to the keys of links', async () => {
    expect(await accessPlaces('north')).toEqual({
      publicUrl: 'https://reports.example',
      accessSecretArn: 'arn:secret',
      keyValueStoreArn: 'arn:store',
    })
    server.stacks.set('north-site', { PublicUrl: 'https://reports.example' })
    await expect(accessPlaces('north')).rejects.toMatchObject({
      code: 'access-public',
      message: expect.stringContaining('open to everybody'),
    })
  })

  it('that are read are those that the stacks have', () => {
    const { data, site, pipeline } = synthesised(EVERYTHING)
    const read = {
      data: ['TableName', 'ArchiveBucket', 'SiteSecretArn'],
      site: ['PagesBucket', ...Object.keys(SITE)],
      pipeline: ['DispatchFunction', 'ConfigurationSet'],
    }
    expect(Object.keys(data.outputs)).toEqual(expect.arrayContaining(read.data))
    expect(Object.keys(site.outputs)).toEqual(expect.arrayContaining(read.site))
    expect(Object.keys(pipeline.outputs)).toEqual(expect.arrayContaining(read.pipeline))
  })
})

describe('stacks that cannot be looked at', () => {
  const reading = () => stackOutputs('north', { maxAttempts: 1 }).all('data')
  const told = (code: string, says: string, hint: string) => ({
    ...{ code, class: 'stop' },
    message: expect.stringContaining(says),
    hint: expect.stringContaining(hint),
  })

  it('are told when they are not there, with where they were looked for', async () => {
    const south = stackOutputs('south')
    const none = told('no-stack', 'no stack south-data in eu-central-1', '--stack')
    await expect(south.all('data')).rejects.toMatchObject(none)
  })

  it('are told when their deployment lacks something', async () => {
    const half = told('stack-output', 'north-data has no output SiteSecretArn', 'deploy')
    await expect(stackOutputs('north').one('data', 'SiteSecretArn')).rejects.toMatchObject(half)
  })

  it.each([[undefined], [''], ['eu central'], ['evil.example/']])(
    'are told when the region is %j, and none is guessed',
    async (region) => {
      vi.stubEnv('AWS_REGION', region)
      const none = told('aws-region', 'No region', 'AWS_REGION')
      await expect(reading()).rejects.toMatchObject(none)
      expect(server.asked).toEqual([])
    },
  )

  it('are told when nobody has logged in, or into a profile that is not there', async () => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', undefined)
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', undefined)
    const none = told('aws-credentials', 'There are no credentials', 'AWS_PROFILE')
    await expect(reading()).rejects.toMatchObject(none)
    vi.stubEnv('AWS_PROFILE', 'nowhere')
    await expect(reading()).rejects.toMatchObject(none)
    expect(server.asked).toEqual([])
  })

  it.each([
    ['AccessDenied', 403, told('stack-refused', 'north-data', 'cloudformation:DescribeStacks')],
    ['ExpiredToken', 403, told('aws-credentials', 'ExpiredToken', 'Log in again')],
    ['InvalidClientTokenId', 403, told('aws-credentials', 'InvalidClientTokenId', 'AWS_PROFILE')],
    ['SignatureDoesNotMatch', 403, told('aws-credentials', 'SignatureDoesNotMatch', 'Log in')],
    ['InternalFailure', 500, told('stack-unknown', 'InternalFailure', 'try again')],
  ])('are told when AWS answers %s', async (code, status, expected) => {
    server.refuse(() => ({ status, code, message: 'The caller is not <allowed>.' }))
    await expect(reading()).rejects.toMatchObject(expected)
  })

  it('are asked again while the service is busy', async () => {
    let asked = 0
    server.refuse(() => {
      asked += 1
      return asked < 2 ? { status: 400, code: 'Throttling', message: 'Rate exceeded' } : undefined
    })
    expect(await stackOutputs('north').one('data', 'TableName')).toBe('state')
    expect(asked).toBe(2)
  })
})
