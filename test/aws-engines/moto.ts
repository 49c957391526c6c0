import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Engine } from './engine.ts'
import { type Fetching, fetched, outputOf } from './fetched.ts'
import { type Started, started } from './started.ts'

const REQUIREMENTS = fileURLToPath(new URL('requirements.txt', import.meta.url))

const NEEDS = 'Python 3.10 or newer with venv and pip'

/** S3 of moto, which many projects test against. Comes by pip and runs on Python. */
export const motoS3: Engine = {
  name: 'moto S3',
  needs: NEEDS,
  service: 'S3',
  tests: ['test/store/s3.test.ts'],
  start: startMoto,
}

/** SES of moto; a server of its own, because moto tells of its mails with all that it holds. */
export const motoSes: Engine = {
  name: 'moto SES',
  needs: NEEDS,
  service: 'SES',
  tests: ['test/mail/ses.test.ts'],
  start: startMoto,
}

/** Both begin to start at once, and what they need is fetched once. */
let environment: Promise<string> | undefined

async function startMoto(fetching: Fetching): Promise<Started> {
  environment ??= pythonFolder(fetching)
  const python = join(await environment, 'bin', 'python')
  return started([python, '-m', 'moto.server', '-H', '127.0.0.1', '-p', '0'])
}

function pythonFolder(fetching: Fetching): Promise<string> {
  const pins = readFileSync(REQUIREMENTS, 'utf8')
  return fetched('moto', pins, fetching, async (folder) => {
    await outputOf('python3', ['-m', 'venv', folder], fetching.signal)
    const flags = ['--quiet', '--no-input', '--disable-pip-version-check']
    const install = ['-m', 'pip', 'install', ...flags, '--requirement', REQUIREMENTS]
    await outputOf(join(folder, 'bin', 'python'), install, fetching.signal)
  })
}
