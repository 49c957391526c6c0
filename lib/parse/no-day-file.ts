import { RoundsError } from '../errors.ts'

/** How much of a file's beginning `refusalOf` looks at, in bytes. */
export const BEGINNING_BYTES = 1024

/**
 * Why bytes that begin like these are no day file, or undefined when they may be one. Nothing of
 * such an answer may be taken for data: the ledger stays where it is, and the next round asks
 * again. Judged are web pages, XML and JSON, compressed files, and UTF-16; anything else is read,
 * and becomes rejects if it makes no sense.
 */
export function refusalOf(beginning: Uint8Array): RoundsError | undefined {
  const bytes = beginning.subarray(0, BEGINNING_BYTES)
  const packer = PACKERS.find(({ magic }) => magic.every((byte, at) => bytes[at] === byte))
  if (packer) return compressed(packer.name)
  if (isUtf16(bytes)) return utf16()
  const text = lenient.decode(bytes)
  if (BZIP2.test(text)) return compressed('bzip2')
  return MARKUP.test(text) || JSON_TEXT.test(text) ? markup() : undefined
}

/** Drops a BOM, and gives U+FFFD for what is cut or broken. */
const lenient = new TextDecoder('utf-8')

/** How web pages, XML and JSON begin. */
const MARKUP = /^\s*<(?:!--|(?:!doctype|\?xml|html|head|body|script|title|div|h1|p)\b)/i
const JSON_TEXT = /^\s*(?:\{\s*["}]|\[\s*[{"\]])/

/** The first bytes of compressed files, as their formats define them; no line begins so. */
const PACKERS = [
  { name: 'gzip', magic: [0x1f, 0x8b] },
  { name: 'zip', magic: [0x50, 0x4b, 3, 4] },
  { name: 'zstd', magic: [0x28, 0xb5, 0x2f, 0xfd] },
  { name: 'xz', magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0] },
]

/** "BZh", the size of blocks as a digit, and the mark of the first block. */
const BZIP2 = /^BZh[1-9]1AY&SY/

/** So many signs of Latin script prove UTF-16: fewer may be a hole's end or a stray NUL. */
const FEWEST_PAIRS = 4

const NEWLINE = 10

/**
 * True behind a byte order mark of UTF-16, which begins neither UTF-8 nor GB18030; and without
 * one when half of all pairs of bytes are a sign of ASCII beside a NUL, always on the same side.
 * Only the first line is looked at: so it makes no difference how much of the file came.
 */
function isUtf16(bytes: Uint8Array): boolean {
  const [first, second] = bytes
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) return true
  const newline = bytes.indexOf(NEWLINE)
  const end = newline === -1 ? bytes.length : newline
  let [little, big] = [0, 0]
  for (let at = 0; at + 1 < end; at += 2) {
    const [one, other] = [bytes[at]!, bytes[at + 1]!]
    if (one === 0 && other === 0) return false
    if (other === 0) little += 1
    if (one === 0) big += 1
  }
  const signs = Math.max(little, big)
  return signs >= FEWEST_PAIRS && signs * 4 >= end && Math.min(little, big) === 0
}

function markup(): RoundsError {
  return new RoundsError(
    'not-a-data-file',
    'skip',
    'The site answered with a web page instead of the day file, or with XML or JSON.',
    'Open the address in a browser: a login page, a proxy or an error page may stand before it.',
  )
}

function compressed(name: string): RoundsError {
  return new RoundsError(
    'not-a-data-file',
    'skip',
    `The day file is compressed (${name}).`,
    'Let the site offer it as plain text, and compress days only when rounds read them no more.',
  )
}

function utf16(): RoundsError {
  return new RoundsError(
    'not-a-data-file',
    'skip',
    'The day file is written in UTF-16.',
    'Let the site write UTF-8 or GB18030: in PowerShell with -Encoding utf8.',
  )
}
