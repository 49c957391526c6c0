import { awsServer } from '../fixtures/aws-server.ts'
import { dynamodbServer, stateTable } from '../fixtures/dynamodb-server.ts'
import { portalServer } from '../fixtures/portal-server.ts'
import { sesServer } from '../fixtures/ses-server.ts'

/** Where the services are, and what was asked of the sites' web server so far. */
export interface Told {
  dynamodb: string
  s3: string
  ses: string
  portal: string
  requests: number
  connections: number
}

/*
 * The services that a round calls, and the web server of its sites, in a process of their own: what
 * they compute is not counted as the round's. The parameter is the folder of the portals. Whatever
 * message comes is answered with a `Told`; they end when their parent lets go of them.
 */
const [folder = ''] = process.argv.slice(2)
const dynamodb = await dynamodbServer()
await dynamodb.createTable(stateTable('state'))
const aws = await awsServer()
const ses = await sesServer()
const portal = await portalServer(folder)
const places = { dynamodb: dynamodb.url, s3: aws.url, ses: ses.url, portal: portal.url }

function tell(): void {
  const asked = { requests: portal.requests.length, connections: portal.connections() }
  process.send!({ ...places, ...asked } satisfies Told)
}

process.on('message', tell)
process.on('disconnect', () => process.exit())
tell()
