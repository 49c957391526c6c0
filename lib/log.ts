/** How grave a log line is. */
export type Level = 'debug' | 'info' | 'warn' | 'error'

/** Fields of a log line: plain values only, and never a secret. */
export type LogFields = Record<string, string | number | boolean | null | undefined>

/** Writes one event; `event` is a stable token such as `file:read`, listed in README.md. */
export type Log = (level: Level, event: string, fields?: LogFields) => void

/**
 * A log that writes one JSON object a line, with the time first.
 * JSON escapes line breaks and control characters, so no text from a site can forge a line.
 */
export function jsonLog(write: (line: string) => void, now: () => number): Log {
  return (level, event, fields = {}) => {
    write(`${JSON.stringify({ at: new Date(now()).toISOString(), level, event, ...fields })}\n`)
  }
}

/** A log that keeps nothing. */
export const silentLog: Log = () => {}
