/** What a command may touch of the process it runs in; a test gives it another. */
export interface Terminal {
  /** Standard output: results, and nothing else. */
  out(text: string): void
  /** Standard error: progress, warnings and errors. */
  err(text: string): void
  /** True when standard error is a terminal, so that progress may move. */
  interactive: boolean
  /** Asks whoever sits there, and gives the answer; absent where nobody does. */
  ask?(question: string): Promise<string>
  env: Record<string, string | undefined>
  cwd: string
  /** What the process ends with: 0 all well, 1 some site failed, 2 wrong use or configuration. */
  exitCode: 0 | 1 | 2
}
