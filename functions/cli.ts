import { askHere } from '../lib/cli/confirm.ts'
import { runCommand } from '../lib/cli/program.ts'
import type { Terminal } from '../lib/cli/terminal.ts'
import manifest from '../package.json' with { type: 'json' }

const terminal: Terminal = {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  interactive: process.stderr.isTTY ?? false,
  ...(process.stdin.isTTY && process.stderr.isTTY && { ask: askHere }),
  env: process.env,
  cwd: process.cwd(),
  exitCode: 0,
}

// A reader that ends early (`siterounds status | head`) is no fault of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
})

await runCommand(process.argv.slice(2), terminal, manifest.version)
process.exitCode = terminal.exitCode
