/**
 * Control characters, line ends, halves of characters, and the marks that reverse the direction of
 * what follows them: none can be of use in one line of text, and each can make it lie.
 */
const UNWANTED = /[\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069]+/gu

/** Any text as one line of at most `most` characters; what is cut off shows as `…`. */
export function oneLine(text: string, most: number): string {
  const line = text.replace(UNWANTED, ' ').trim()
  if (line.length <= most) return line
  return `${line.slice(0, most - 1).replace(UNWANTED, '')}…`
}
