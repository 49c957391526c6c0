import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { notFoundPage } from '../../lib/report/pages/not-found.ts'
import { CATALOGUE } from '../../lib/text/catalogue.ts'
import { BEIJING, CHINA, EVERYTHING, shown, synthesised, theOne } from './synthesis.ts'

const closed = synthesised().site
const open = synthesised({ ...EVERYTHING, access: 'public', priceClass: '100' }).site
const china = synthesised(CHINA, BEIJING).site

type Site = typeof closed

const distributionOf = (site: Site) =>
  theOne(site, 'AWS::CloudFront::Distribution').Properties.DistributionConfig

const headersOf = (site: Site) =>
  theOne(site, 'AWS::CloudFront::ResponseHeadersPolicy').Properties.ResponseHeadersPolicyConfig

function edgeFile(name: string): string {
  return readFileSync(new URL(`../../infra/edge/${name}.js`, import.meta.url), 'utf8')
}

/** A policy by its directives. */
function directives(policy: string): Map<string, string> {
  const parts = policy.split(';').map((part) => part.trim().split(' '))
  return new Map(parts.map(([name, ...values]) => [name!, values.join(' ')]))
}

describe('the report site', () => {
  it('is read by this distribution alone', () => {
    const policy = theOne(closed, 'AWS::S3::BucketPolicy', 'Pages').Properties.PolicyDocument
    const allowed = policy.Statement.filter(({ Effect }: { Effect: string }) => Effect === 'Allow')
    expect(allowed).toHaveLength(1)
    const [{ Principal, Action, Condition }] = allowed
    expect(Principal).toEqual({ Service: 'cloudfront.amazonaws.com' })
    expect(Action).toEqual(['s3:GetObject', 's3:ListBucket'])
    const { id } = theOne(closed, 'AWS::CloudFront::Distribution')
    expect(shown(Condition.StringEquals['AWS:SourceArn'])).toContain(`distribution/{${id}}`)
    const [origin] = distributionOf(closed).Origins
    expect(shown(origin.OriginAccessControlId)).toMatch(/OriginAccessControl/)
  })

  it('speaks TLS, answers by HTTP/3 too, and takes requests to read only', () => {
    const { HttpVersion, DefaultCacheBehavior, DefaultRootObject } = distributionOf(closed)
    expect(HttpVersion).toBe('http2and3')
    expect(DefaultRootObject).toBe('index.html')
    expect(DefaultCacheBehavior.ViewerProtocolPolicy).toBe('redirect-to-https')
    expect(DefaultCacheBehavior.AllowedMethods).toEqual(['GET', 'HEAD'])
  })

  it('keeps pages as long as they say, and hands no query or cookie to the bucket', () => {
    const { CachePolicyConfig } = theOne(closed, 'AWS::CloudFront::CachePolicy').Properties
    const { CookiesConfig, QueryStringsConfig, HeadersConfig } =
      CachePolicyConfig.ParametersInCacheKeyAndForwardedToOrigin
    expect(CachePolicyConfig.MinTTL).toBe(0)
    expect(CookiesConfig.CookieBehavior).toBe('none')
    expect(QueryStringsConfig.QueryStringBehavior).toBe('none')
    expect(HeadersConfig.HeaderBehavior).toBe('none')
  })

  it('answers with its own page where there is none, and leaves 403 to the edge', () => {
    const [error, ...others] = distributionOf(closed).CustomErrorResponses
    expect(error).toMatchObject({
      ErrorCode: 404,
      ResponseCode: 404,
      ResponsePagePath: '/404.html',
    })
    expect(others).toEqual([])
  })

  it('lets pages do what they ask of browsers, and nothing more', () => {
    const view = { brand: 'x', languageLinks: [], homeHref: '/index.html' }
    const text = notFoundPage(view, CATALOGUE.en)
    const own = directives(/Content-Security-Policy" content="([^"]+)"/.exec(text)![1]!)
    const { SecurityHeadersConfig } = headersOf(closed)
    const header = directives(SecurityHeadersConfig.ContentSecurityPolicy.ContentSecurityPolicy)
    expect([...header.keys()].sort()).toEqual([...own.keys(), 'frame-ancestors'].sort())
    for (const [name, value] of own) {
      const isInline = value.includes("'sha256-")
      expect(`${name} ${header.get(name)}`).toBe(`${name} ${isInline ? "'unsafe-inline'" : value}`)
    }
  })

  it('sends the other headers of a site that wants no surprises', () => {
    const { SecurityHeadersConfig, CustomHeadersConfig } = headersOf(closed)
    expect(SecurityHeadersConfig).toMatchObject({
      ContentTypeOptions: { Override: true },
      FrameOptions: { FrameOption: 'DENY' },
      ReferrerPolicy: { ReferrerPolicy: 'no-referrer' },
      StrictTransportSecurity: { AccessControlMaxAgeSec: 365 * 86_400 },
    })
    expect(CustomHeadersConfig.Items[0].Value).toBe('noindex, nofollow')
    expect(headersOf(open).CustomHeadersConfig).toBeUndefined()
  })

  it('has outputs of these names', () => {
    const names = Object.keys(closed.outputs).filter((name) => !name.startsWith('Exports'))
    expect(names.sort()).toEqual([
      'AccessKeysStoreArn',
      'AccessSecretArn',
      'DistributionDomain',
      'DistributionId',
      'PagesBucket',
      'PublicUrl',
    ])
  })
})

describe('a site that is closed', () => {
  const edge = theOne(closed, 'AWS::CloudFront::Function')

  it('asks for a signed link before each answer, by keys of its own store', () => {
    expect(edge.Properties.FunctionCode).toBe(edgeFile('access'))
    expect(edge.Properties.FunctionConfig.Runtime).toBe('cloudfront-js-2.0')
    const store = theOne(closed, 'AWS::CloudFront::KeyValueStore')
    expect(
      shown(edge.Properties.FunctionConfig.KeyValueStoreAssociations[0].KeyValueStoreARN),
    ).toBe(`{${store.id}.Arn}`)
    const [association] = distributionOf(closed).DefaultCacheBehavior.FunctionAssociations
    expect(association.EventType).toBe('viewer-request')
    expect(shown(association.FunctionARN)).toBe(`{${edge.id}.FunctionARN}`)
  })

  it('begins without keys, so that nobody is let in', () => {
    const { Properties } = theOne(closed, 'AWS::SecretsManager::Secret')
    expect(JSON.parse(Properties.SecretString)).toEqual({ keys: [] })
  })
})

describe('a site that is open', () => {
  it('only finds the pages of folders, and has no keys', () => {
    const edge = theOne(open, 'AWS::CloudFront::Function').Properties
    expect(edge.FunctionCode).toBe(edgeFile('rewrite'))
    expect(edge.FunctionConfig.KeyValueStoreAssociations).toBeUndefined()
    expect(open.resources.map(({ Type }) => Type)).not.toContain('AWS::SecretsManager::Secret')
    expect(open.outputs.AccessSecretArn).toBeUndefined()
  })

  it.each([
    ['/', '/index.html'],
    ['/bj01/', '/bj01/index.html'],
    ['/bj01/2026-11-10/index.html', '/bj01/2026-11-10/index.html'],
    ['/status.json', '/status.json'],
  ])('answers %s with %s', (uri, page) => {
    const rewrite = new Function('event', `${edgeFile('rewrite')}; return handler(event)`)
    expect(rewrite({ request: { uri } })).toEqual({ uri: page })
  })
})

describe('the address of the site', () => {
  it('is that of the distribution while there is no own one', () => {
    const { id } = theOne(closed, 'AWS::CloudFront::Distribution')
    expect(shown(closed.outputs.PublicUrl!.Value)).toBe(`https://{${id}.DomainName}/`)
    expect(distributionOf(closed).PriceClass).toBe('PriceClass_200')
  })

  it('is the own one, with its certificate', () => {
    const { Aliases, ViewerCertificate, PriceClass } = distributionOf(open)
    expect(Aliases).toEqual([EVERYTHING.domain])
    expect(ViewerCertificate).toEqual({
      AcmCertificateArn: EVERYTHING.certificateArn,
      MinimumProtocolVersion: 'TLSv1.2_2021',
      SslSupportMethod: 'sni-only',
    })
    expect(open.outputs.PublicUrl!.Value).toBe(`https://${EVERYTHING.domain}/`)
    expect(PriceClass).toBe('PriceClass_100')
  })

  it('is the own one in China, with a certificate of IAM', () => {
    const { Aliases, ViewerCertificate, HttpVersion } = distributionOf(china)
    expect(Aliases).toEqual([CHINA.domain])
    expect(ViewerCertificate.IamCertificateId).toBe(CHINA.certificateId)
    expect(HttpVersion).toBe('http2')
  })

  it('in China does without what is not offered there', () => {
    const types = new Set(china.resources.map(({ Type }) => Type))
    for (const absent of ['Function', 'KeyValueStore', 'OriginAccessControl']) {
      expect(types).not.toContain(`AWS::CloudFront::${absent}`)
    }
    expect(types).toContain('AWS::CloudFront::CloudFrontOriginAccessIdentity')
    const [error] = distributionOf(china).CustomErrorResponses
    expect([error.ErrorCode, error.ResponseCode]).toEqual([403, 404])
  })
})
