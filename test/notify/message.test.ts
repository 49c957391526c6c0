import PostalMime from 'postal-mime'
import { describe, expect, it } from 'vitest'
import { compose } from '../../lib/mail/compose.ts'
import { type AlarmMessageInput, alarmMessage } from '../../lib/notify/message.ts'
import { AT, alarm, SITE } from './alarms.ts'

function messageOf(change: Partial<AlarmMessageInput>) {
  return alarmMessage({
    site: SITE,
    from: 'rounds@example.com',
    to: 'ops@example.org',
    due: [alarm('ALM-1056', 908, { title: '话单积压', severity: 'critical', description: '超限' })],
    mailedBefore: 0,
    at: AT,
    sequence: 7,
    ...change,
  })
}

/** What a reader sees of an HTML part: its text without tags, in one line. */
function visible(page: string): string {
  return page
    .replace(/<style>.*?<\/style>|<title>.*?<\/title>|<[^>]*>/gs, ' ')
    .replaceAll('&ensp;', ' ')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&')
    .replace(/\s+/g, ' ')
}

describe('alarmMessage', () => {
  it('says it all in the first sentence, in the language of the site', () => {
    const chinese = messageOf({ mailedBefore: 2 })
    expect(chinese.subject).toBe('[告警] 北京一局 (bj01)')
    expect(chinese.text.split('\n')[0]).toBe('北京一局 (bj01): 1 项告警未恢复')
    expect(visible(chinese.html).trim()).toMatch(/^北京一局 \(bj01\) 1 项告警未恢复/)
    expect(chinese.text).toContain('另有 2 项')
    const english = messageOf({ site: { ...SITE, language: 'en', name: 'bj01' } })
    expect(english.subject).toBe('[Alarms] bj01')
    expect(english.text.split('\n')[0]).toBe('bj01: 1 alarm has not recovered')
    expect(english.html).toContain('<html lang="en">')
    expect(english.text).not.toContain('mailed before')
  })

  it('keeps subject and thread for a site, and numbers the mails of each recipient', () => {
    const [one, next] = [messageOf({}), messageOf({ sequence: 8, mailedBefore: 9 })]
    expect([next.subject, next.threadId]).toEqual([one.subject, one.threadId])
    expect(next.id).not.toBe(one.id)
    expect(messageOf({}).id).toBe(one.id)
    expect(messageOf({ to: 'night@example.org' }).id).not.toBe(one.id)
    const odd = messageOf({ site: { ...SITE, id: '.bj..01.' } })
    expect(odd.id).toMatch(/^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/)
    expect(odd.id).not.toBe(messageOf({ site: { ...SITE, id: '-bj--01-' } }).id)
  })

  it('shows the same facts in both parts', () => {
    const { text, html } = messageOf({ publicUrl: 'https://rounds.example.com/r/' })
    for (const fact of [
      '紧急',
      '话单积压',
      'ALM-1056',
      '节点 bj01-ne001',
      '超限',
      '已持续 15 小时 8 分',
      '发生于 2026-11-10 08:51:00',
      '截至 2026-11-10 23:59（Asia/Shanghai）',
    ]) {
      expect(text).toContain(fact)
      expect(visible(html)).toContain(fact)
    }
    expect(text).toContain('https://rounds.example.com/r/bj01/2026-11-10/')
    expect(html).toContain('href="https://rounds.example.com/r/bj01/2026-11-10/"')
    expect(messageOf({}).html).not.toContain('href=')
  })

  it.each([
    [14.5, '已持续 14 分钟'],
    [60, '已持续 1 小时 0 分'],
    [24 * 60 - 1, '已持续 23 小时 59 分'],
    [49 * 60, '已持续 2 天 1 小时'],
    [-90, '已持续 0 分钟'],
  ])('tells how long %d minutes are', (minutes, words) => {
    expect(messageOf({ due: [alarm('A', minutes)] }).text).toContain(words)
  })

  it('lists two hundred alarms, counts the others, and stays small enough for Gmail', () => {
    const due = Array.from({ length: 1_234 }, (_, n) =>
      alarm(`ALM-${n}`, 20, { title: `话单积压 ${n}`, description: '话单文件积压，超过门限' }),
    )
    const { text, html } = messageOf({ due })
    expect(text.split('\n')[0]).toContain('1234 项')
    expect(html.match(/<tr valign/g)).toHaveLength(200)
    expect(text.match(/^\[/gm)).toHaveLength(200)
    for (const part of [text, visible(html)]) expect(part).toContain('还有 1034 项未在此列出')
    const wordy = due.map((one) => ({ ...one, description: '长'.repeat(70_000) }))
    const long = messageOf({ due: wordy })
    expect(Buffer.byteLength(long.html)).toBeLessThan(102 * 1024)
    const listed = long.html.match(/<tr valign/g)?.length ?? 0
    expect(long.text.match(/^\[/gm)).toHaveLength(listed)
    expect(long.text).toContain(`还有 ${1_234 - listed} 项`)
  })

  it('shows whatever a site writes as text, and in one line', async () => {
    const markup = `</td><script>alert(1)</script><img src=x onerror=alert(1)>"'&amp;`
    const payload = `${markup}\r\nBcc: a@b.c\0`
    const due = [
      alarm(payload, 20, { title: payload, node: payload, description: payload }),
      alarm('turned', 20, { title: 'safe\u202egnp.exe', raisedText: payload }),
    ]
    const site = { ...SITE, name: payload }
    const message = messageOf({ due, site, publicUrl: 'javascript:alert(1)//' })
    expect(message.html).not.toMatch(/<script|<img|javascript:|\u202e/i)
    expect(visible(message.html)).toContain(`</td><script>alert(1)</script><img src=x`)
    const lines = message.text.split('\n')
    expect(lines.some((line) => line.startsWith('Bcc:'))).toBe(false)
    expect(message.text).not.toMatch(/[\r\0\u202e]/)
    const mail = await PostalMime.parse((await compose(message)).mime)
    const plain = await PostalMime.parse((await compose(messageOf({}))).mime)
    expect(mail.headers.map((one) => one.key)).toEqual(plain.headers.map((one) => one.key))
    expect(mail.to?.map((one) => one.address)).toEqual(['ops@example.org'])
  })
})
