import { fileURLToPath } from 'node:url'
import { CfnOutput, Duration, SecretValue, Stack, type StackProps } from 'aws-cdk-lib'
import * as acm from 'aws-cdk-lib/aws-certificatemanager'
import * as cloudfront from 'aws-cdk-lib/aws-cloudfront'
import * as origins from 'aws-cdk-lib/aws-cloudfront-origins'
import * as s3 from 'aws-cdk-lib/aws-s3'
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager'
import type { Construct } from 'constructs'
import { acknowledge, acknowledgeWarning } from './nag.ts'
import { pageHeaders } from './page-headers.ts'
import { accessLogs, PRIVATE } from './private-bucket.ts'
import { type InfraSettings, isChina } from './settings.ts'

/** How long an edge location may show a page that says nothing about that itself. */
const DEFAULT_PAGE_AGE = Duration.minutes(1)
const LONGEST_PAGE_AGE = Duration.days(1)

/** How long an address that led nowhere does so: a new site's page is soon there. */
const NOT_FOUND_AGE = Duration.seconds(10)

/** The report site: pages in a private bucket, and CloudFront, which alone may read them. */
export class SiteStack extends Stack {
  readonly pages: s3.Bucket
  /** Where readers find it; ends in a slash. */
  readonly publicUrl: string

  constructor(scope: Construct, id: string, props: StackProps & { settings: InfraSettings }) {
    super(scope, id, props)
    const { settings } = props
    this.pages = new s3.Bucket(this, 'Pages', { ...PRIVATE, ...accessLogs(this) })
    const keys = settings.access === 'closed' ? this.makeKeys() : undefined
    const edge = isChina(this.region) ? undefined : this.makeEdge(keys)
    const distribution = this.makeDistribution(settings, edge)
    // The pipeline asks for this name only while there is no own one. CloudFormation refuses to
    // take back what another stack still uses, so it is told always.
    this.exportValue(distribution.distributionDomainName)
    this.publicUrl = `https://${settings.domain ?? distribution.distributionDomainName}/`
    const outputs = {
      PagesBucket: this.pages.bucketName,
      PublicUrl: this.publicUrl,
      DistributionId: distribution.distributionId,
      DistributionDomain: distribution.distributionDomainName,
    }
    for (const [name, value] of Object.entries(outputs)) new CfnOutput(this, name, { value })
  }

  /** Where the keys of links are: in the secret for who signs, in the store for who checks. */
  private makeKeys(): cloudfront.KeyValueStore {
    const secret = new secretsmanager.Secret(this, 'AccessSecret', {
      description: 'Keys that sign the links to the report site; siterounds access writes them',
      // Written when the secret is made. A change of this text would write it again, over the keys.
      secretStringValue: SecretValue.unsafePlainText('{"keys":[]}'),
    })
    acknowledge(secret, 'SMG4', 'siterounds access rotate changes the keys here and at the edge.')
    const store = new cloudfront.KeyValueStore(this, 'AccessKeys', {
      comment: 'Keys by which links to the report site are checked',
    })
    new CfnOutput(this, 'AccessSecretArn', { value: secret.secretArn })
    new CfnOutput(this, 'AccessKeysStoreArn', { value: store.keyValueStoreArn })
    return store
  }

  /** What runs before each answer; with the keys it asks for a signed session. */
  private makeEdge(keys: cloudfront.KeyValueStore | undefined): cloudfront.Function {
    const file = keys ? './edge/access.js' : './edge/rewrite.js'
    const filePath = fileURLToPath(new URL(file, import.meta.url))
    return new cloudfront.Function(this, 'Edge', {
      comment: keys ? 'Lets in who has a signed link' : 'Finds the page of a folder',
      code: cloudfront.FunctionCode.fromFile({ filePath }),
      runtime: cloudfront.FunctionRuntime.JS_2_0,
      ...(keys && { keyValueStore: keys }),
    })
  }

  /**
   * Who may read the bucket: this distribution. With the right to list it S3 says 404 for what is
   * not there, and 403 stays what the edge says. In China there is only an older way, without it.
   */
  private makeOrigin(china: boolean): cloudfront.IOrigin {
    if (china) return origins.S3BucketOrigin.withOriginAccessIdentity(this.pages)
    return origins.S3BucketOrigin.withOriginAccessControl(this.pages, {
      originAccessLevels: [cloudfront.AccessLevel.READ, cloudfront.AccessLevel.LIST],
    })
  }

  private makeDistribution(settings: InfraSettings, edge: cloudfront.Function | undefined) {
    const china = isChina(this.region)
    const { domain, certificateArn, certificateId } = settings
    const distribution = new cloudfront.Distribution(this, 'Distribution', {
      comment: `Report site of ${settings.prefix}`,
      defaultRootObject: 'index.html',
      defaultBehavior: {
        origin: this.makeOrigin(china),
        viewerProtocolPolicy: cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
        allowedMethods: cloudfront.AllowedMethods.ALLOW_GET_HEAD,
        cachePolicy: this.makeCachePolicy(),
        responseHeadersPolicy: pageHeaders(this, settings.access),
        ...(edge && { functionAssociations: [{ function: edge, eventType: BEFORE_ALL }] }),
      },
      errorResponses: [
        {
          httpStatus: china ? 403 : 404,
          responseHttpStatus: 404,
          responsePagePath: '/404.html',
          ttl: NOT_FOUND_AGE,
        },
      ],
      httpVersion: china ? cloudfront.HttpVersion.HTTP2 : cloudfront.HttpVersion.HTTP2_AND_3,
      priceClass: china ? PRICE_CLASSES.all : PRICE_CLASSES[settings.priceClass],
      ...(certificateArn && {
        domainNames: [domain!],
        certificate: acm.Certificate.fromCertificateArn(this, 'Certificate', certificateArn),
        minimumProtocolVersion: cloudfront.SecurityPolicyProtocol.TLS_V1_2_2021,
      }),
    })
    if (certificateId) useOwnCertificate(distribution, domain!, certificateId)
    this.acknowledgeDistribution(distribution, certificateArn)
    return distribution
  }

  /** A page's own Cache-Control counts; nothing of a request but its path makes a difference. */
  private makeCachePolicy(): cloudfront.CachePolicy {
    return new cloudfront.CachePolicy(this, 'PageAge', {
      comment: 'As the pages say',
      minTtl: Duration.seconds(0),
      defaultTtl: DEFAULT_PAGE_AGE,
      maxTtl: LONGEST_PAGE_AGE,
      enableAcceptEncodingGzip: true,
      enableAcceptEncodingBrotli: true,
    })
  }

  private acknowledgeDistribution(on: Construct, certificateArn: string | undefined): void {
    acknowledge(on, 'CFR1', 'A fleet and its readers may be in any country.')
    acknowledge(on, 'CFR2', 'The site has static pages only, and takes no input.')
    acknowledge(on, 'CFR3', 'Logs of CloudFront would hold the signed links of readers.')
    acknowledgeWarning(
      on,
      'Annotation::@aws-cdk/aws-cloudfront-origins:listBucketSecurityRisk',
      'The root is index.html, and no query reaches the bucket: nobody can ask for its list.',
    )
    if (isChina(this.region)) acknowledge(on, 'CFR7', 'There is no access control there.')
    if (certificateArn) return
    acknowledge(on, 'CFR4', 'Without an own domain its protocol versions are not ours to choose.')
  }
}

/** Before anything is answered, from a cache or not. */
const BEFORE_ALL = cloudfront.FunctionEventType.VIEWER_REQUEST

const PRICE_CLASSES = {
  '100': cloudfront.PriceClass.PRICE_CLASS_100,
  '200': cloudfront.PriceClass.PRICE_CLASS_200,
  all: cloudfront.PriceClass.PRICE_CLASS_ALL,
}

/** In China CloudFront takes certificates of IAM, which the construct does not know. */
function useOwnCertificate(distribution: cloudfront.Distribution, domain: string, id: string) {
  const resource = distribution.node.defaultChild as cloudfront.CfnDistribution
  resource.addPropertyOverride('DistributionConfig.Aliases', [domain])
  resource.addPropertyOverride('DistributionConfig.ViewerCertificate', {
    IamCertificateId: id,
    SslSupportMethod: 'sni-only',
    MinimumProtocolVersion: 'TLSv1.2_2021',
  })
}
