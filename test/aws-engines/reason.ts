/** Characters of a reason that are shown: it stands in one line. */
const MOST_CHARACTERS = 300

/** The line that says best why a program failed, of all that it printed: the first that blames. */
export function reasonIn(output: string): string {
  const lines = output.split('\n').map((line) => line.trim())
  const marked = lines.find((line) => /\bERROR\b/.test(line))
  const blaming = lines.find((line) => /error|exception/i.test(line))
  const reason = marked ?? blaming ?? lines.findLast(Boolean) ?? 'it printed nothing'
  return reason.slice(0, MOST_CHARACTERS)
}
