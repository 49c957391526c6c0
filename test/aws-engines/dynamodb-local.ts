import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Engine } from './engine.ts'
import { type Fetching, fetched, outputOf } from './fetched.ts'
import { started } from './started.ts'

/** The oldest Java that runs it. */
const JAVA = 17

/** Memory of its heap: the tests hold a few MB. */
const HEAP = '-Xmx256m'

const POM = fileURLToPath(new URL('pom.xml', import.meta.url))
const SERVER = fileURLToPath(new URL('dynamodb-local.xml', import.meta.url))

/** AWS's own DynamoDB for a desk: its engine over SQLite. Comes by Maven and runs on Java. */
export const dynamodbLocal: Engine = {
  name: 'DynamoDB Local',
  needs: `Java ${JAVA} or newer and Maven`,
  service: 'DYNAMODB',
  tests: ['test/store/dynamodb.test.ts', 'test/aws-engines/capacity.test.ts'],
  async start(fetching) {
    await wantJava()
    const jars = await jarFolder(fetching)
    return started([
      ...['java', HEAP, '-Dslf4j.internal.verbosity=ERROR', `-Djava.library.path=${jars}`],
      ...['-cp', join(jars, '*'), 'org.eclipse.jetty.xml.XmlConfiguration', SERVER],
    ])
  },
}

async function wantJava(): Promise<void> {
  const said = await outputOf('java', ['-version'])
  const version = /version "(\d+)/.exec(said)?.[1]
  if (Number(version) >= JAVA) return
  throw new Error(`java is of version ${version}`)
}

function jarFolder(fetching: Fetching): Promise<string> {
  const pins = readFileSync(POM, 'utf8')
  return fetched('dynamodb-local', pins, fetching, async (folder) => {
    // Strict about check sums: a jar that differs from its sum is not taken.
    const flags = ['--batch-mode', '--quiet', '--strict-checksums', `--file=${POM}`]
    const goal = ['dependency:copy-dependencies', `-DoutputDirectory=${folder}`]
    await outputOf('mvn', [...flags, ...goal], fetching.signal)
  })
}
