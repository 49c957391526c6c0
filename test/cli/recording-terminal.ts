import type { Terminal } from '../../lib/cli/terminal.ts'

/** A terminal that keeps what was written to it. */
export interface RecordingTerminal extends Terminal {
  stdout: string
  stderr: string
}

/** A terminal for tests, in a folder and an environment of their own. */
export function recordingTerminal(
  cwd: string,
  env: Record<string, string | undefined> = {},
): RecordingTerminal {
  return {
    stdout: '',
    stderr: '',
    out(text) {
      this.stdout += text
    },
    err(text) {
      this.stderr += text
    },
    interactive: false,
    env,
    cwd,
    exitCode: 0,
  }
}
