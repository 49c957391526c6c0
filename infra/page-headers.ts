import { Duration } from 'aws-cdk-lib'
import * as cloudfront from 'aws-cdk-lib/aws-cloudfront'
import type { Construct } from 'constructs'

/**
 * What a page may do. Every page says the same about itself, and names its one style sheet and its
 * one script by their hashes; a browser holds to both, so here the hashes may be left out, and
 * pages of an earlier release work on. Only the header can forbid that others frame a page.
 */
const POLICY = [
  "default-src 'none'",
  "style-src 'unsafe-inline'",
  "script-src 'unsafe-inline'",
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** Browsers remember for so long that the site speaks TLS only. */
const TLS_ONLY_DAYS = 365

/** The headers of every answer; a site that is closed is not for search engines either. */
export function pageHeaders(
  scope: Construct,
  access: 'closed' | 'public',
): cloudfront.ResponseHeadersPolicy {
  const noRobots = { header: 'X-Robots-Tag', value: 'noindex, nofollow', override: true }
  return new cloudfront.ResponseHeadersPolicy(scope, 'Headers', {
    comment: 'Headers of all pages of the report site',
    securityHeadersBehavior: {
      contentSecurityPolicy: { contentSecurityPolicy: POLICY, override: true },
      contentTypeOptions: { override: true },
      frameOptions: { frameOption: cloudfront.HeadersFrameOption.DENY, override: true },
      referrerPolicy: {
        referrerPolicy: cloudfront.HeadersReferrerPolicy.NO_REFERRER,
        override: true,
      },
      strictTransportSecurity: {
        accessControlMaxAge: Duration.days(TLS_ONLY_DAYS),
        override: true,
      },
    },
    ...(access === 'closed' && { customHeadersBehavior: { customHeaders: [noRobots] } }),
  })
}
