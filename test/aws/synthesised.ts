import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { onceARun } from '../fixtures/once-a-run.ts'

/**
 * The folder of a cloud assembly, synthesised as `cdk synth` does: templates, and the functions
 * bundled as they are deployed. All of a run share it.
 */
export function synthesised(): Promise<string> {
  return onceARun('assembly', async (folder) => {
    const { context } = JSON.parse(await readFile('cdk.json', 'utf8'))
    const env = {
      ...process.env,
      CDK_OUTDIR: folder,
      CDK_CONTEXT_JSON: JSON.stringify({ ...context, mailDomain: 'example.com' }),
      // `npm run synth` validates the templates against AWS's rules; that takes as long again.
      CDK_VALIDATION: 'false',
    }
    await promisify(execFile)(process.execPath, ['infra/app.ts'], { env })
  })
}
