import { RoundsError } from '../lib/errors.ts'

/**
 * Text in GB18030, as many Chinese platforms write it. Node decodes that charset but does not
 * encode it, so its decoder is asked for every two-byte code once and the answers are turned
 * round. Four-byte codes (rare characters, emoji) are an error of class `stop`.
 */
export function encodeGb18030(text: string): Uint8Array {
  codes ??= twoByteCodes()
  const bytes = Buffer.alloc(text.length * 2)
  let end = 0
  for (const character of text) {
    const point = character.codePointAt(0)!
    if (point < 0x80) {
      bytes[end++] = point
      continue
    }
    const code = codes.get(character)
    if (code === undefined) throw notInTwoBytes(character)
    end = bytes.writeUInt16BE(code, end)
  }
  return bytes.subarray(0, end)
}

/** The code of each character that has one of two bytes; made when it is first needed. */
let codes: Map<string, number> | undefined

function twoByteCodes(): Map<string, number> {
  const decoder = new TextDecoder('gb18030')
  const found = new Map<string, number>()
  for (let lead = 0x81; lead <= 0xfe; lead++) {
    for (let trail = 0x40; trail <= 0xfe; trail++) {
      if (trail === 0x7f) continue
      const character = decoder.decode(Uint8Array.of(lead, trail))
      const isOne = [...character].length === 1 && character !== '\ufffd'
      if (isOne && !found.has(character)) found.set(character, lead * 256 + trail)
    }
  }
  return found
}

function notInTwoBytes(character: string): RoundsError {
  return new RoundsError(
    'not-encodable',
    'stop',
    `The character ${JSON.stringify(character)} has no two-byte code in GB18030.`,
    'Write the sample texts of GB18030 sites with common Chinese characters.',
  )
}
