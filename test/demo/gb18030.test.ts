import iconv from 'iconv-lite'
import { expect, test } from 'vitest'
import { ALARM_KINDS } from '../../demo/alarm-kinds.ts'
import { encodeGb18030 } from '../../demo/gb18030.ts'

const SAMPLE = '南湾局 呼叫网关|CPU 占用过高|２０２６年「测试」，100%\r\n'

test('agrees with iconv-lite, and comes back unchanged', () => {
  const words = ALARM_KINDS.map((kind) => kind.zh).join('')
  const bytes = encodeGb18030(SAMPLE + words)
  expect(Buffer.from(bytes).equals(iconv.encode(SAMPLE + words, 'gb18030'))).toBe(true)
  expect(new TextDecoder('gb18030', { fatal: true }).decode(bytes)).toBe(SAMPLE + words)
})

test('agrees with iconv-lite on every Chinese character that has two bytes', () => {
  let text = ''
  for (let point = 0x4e00; point <= 0x9fa5; point++) text += String.fromCodePoint(point)
  expect(Buffer.from(encodeGb18030(text)).equals(iconv.encode(text, 'gb18030'))).toBe(true)
})

test('refuses what has no two bytes, and says which character', () => {
  expect(() => encodeGb18030('好😀')).toThrow(expect.objectContaining({ code: 'not-encodable' }))
  expect(() => encodeGb18030('好😀')).toThrow('😀')
})
