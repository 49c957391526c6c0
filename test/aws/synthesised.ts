import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** A cloud assembly: templates, and the functions bundled as they are deployed. */
export interface Synthesised {
  folder: string
  remove(): Promise<void>
}

/** Synthesises the stacks with these settings, as `cdk synth` does, into a folder of its own. */
export async function synthesise(settings: object): Promise<Synthesised> {
  const folder = await mkdtemp(join(tmpdir(), 'siterounds-assembly-'))
  const { context } = JSON.parse(await readFile('cdk.json', 'utf8'))
  const env = {
    ...process.env,
    CDK_OUTDIR: folder,
    CDK_CONTEXT_JSON: JSON.stringify({ ...context, ...settings }),
    // `npm run synth` validates the templates against AWS's rules; that takes as long again.
    CDK_VALIDATION: 'false',
  }
  await promisify(execFile)(process.execPath, ['infra/app.ts'], { env })
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) }
}
