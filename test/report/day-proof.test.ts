import { describe, expect, it } from 'vitest'
import type { FeedSettling } from '../../lib/report/pages/day-proof.ts'
import { siteDayPage } from '../../lib/report/pages/site-day.ts'
import { en } from '../../lib/text/en.ts'
import { zhCN } from '../../lib/text/zh-CN.ts'
import { HOUR_MS } from '../../lib/time.ts'
import { sampleDayView, sampleSettled } from './sample-views.ts'

/** What a day's page says of its being settled. */

const VIEW = sampleDayView()
const END_MS = VIEW.window.endMs

/** The part of a page with the proofs, and the marks at its top; all three feeds alike. */
function shown(settled: FeedSettling | undefined, texts = en) {
  const feeds = VIEW.feeds.map(({ settled: _, ...feed }) => ({
    ...feed,
    ...(settled && { settled }),
  }))
  const page = siteDayPage({ ...VIEW, feeds }, texts)
  const part = /<section id="proof">[\s\S]*?<\/section>/.exec(page)?.[0]
  const text = part?.replace(/<[^>]*>/g, '').replace(/\s+/g, ' ')
  return { page, text, marks: /<ul class="marks">[\s\S]*?<\/ul>/.exec(page)![0] }
}

const settled = (more = {}) => sampleSettled(END_MS, 'system_info_20261110.txt', more)

describe('the proof of a settled day', () => {
  it('says when, by which comparison, and what readers can see for themselves', () => {
    const { page, text, marks } = shown(settled())
    const digest = '4f2d1c0b9a'.repeat(7).slice(0, 64)
    expect(text).toContain('Settled 11-11 02:00, equal to the file at the site, byte for byte.')
    expect(text).toContain('1,880 lines = 1,877 readings + 2 not understood + 1 of unknown type ·')
    expect(text).toContain('· 182,311 bytes')
    // As sha256sum prints it: two spaces stand between the digest and the name.
    expect(page).toContain(`<code><span class="digest">${digest}</span>  system_info_20261110.txt<`)
    expect(text).toContain('as sha256sum prints it')
    expect(text).not.toMatch(/0 blank|newline|generation/)
    expect(marks).toContain('<a href="#proof">Settled and archived</a>')
    expect(shown(settled(), zhCN).text).toContain(
      '11-11 02:00 已核对归档，与局点文件逐字节一致。 1,880 行 = 1,877 读数 + 2 无法识别 + 1 未知类型',
    )
  })

  it('speaks of one line as of one', () => {
    const one = settled({ lines: 1, readings: 1, rejects: 0, unknown: 0, bytes: 1 })
    expect(shown(one).text).toContain('1 line = 1 reading · 1 byte ')
  })

  it('does not claim a comparison when the file was gone', () => {
    const { text } = shown(settled({ compared: false }))
    expect(text).toContain('as it was received: at the site the file was gone or empty.')
    expect(text).not.toContain('byte for byte')
    expect(shown(settled({ compared: false }), zhCN).text).toContain('局点上的文件已删除或清空')
  })

  it('says that an unfinished line counted, and which generation the digest is of', () => {
    expect(shown({ ...settled(), tailCounted: true }).text).toContain(
      'the last line has no newline',
    )
    expect(shown(settled({ generation: 2 })).text).toContain('are of generation 3, the newest')
  })
})

describe('a day that is over and not settled', () => {
  const state = (settling: FeedSettling['settling']) => shown({ ...settled(), settling })

  it('says from when on it is', () => {
    const { text, marks } = state({ state: 'due', dueMs: END_MS + 2 * HOUR_MS })
    // All three wait for the same, which is said once.
    expect(text!.match(/Not settled yet: due from 11-11 02:00 on\./g)).toHaveLength(1)
    expect(marks).not.toContain('#proof')
  })

  it('says so feed by feed when another one is settled', () => {
    const due: FeedSettling = { ...settled(), settling: { state: 'due', dueMs: END_MS } }
    const feeds = VIEW.feeds.map((feed, index) => ({
      ...feed,
      settled: index === 0 ? settled() : due,
    }))
    const page = siteDayPage({ ...VIEW, feeds }, en)
    expect(page.match(/Not settled yet/g)).toHaveLength(2)
    expect(page).not.toContain('<a href="#proof">')
  })

  it('says that more came after it was settled', () => {
    const { text, marks } = state({ state: 'reopened', settledMs: END_MS + 2 * HOUR_MS })
    expect(text).toContain('Settled 11-11 02:00, but more has come since')
    expect(marks).not.toContain('#proof')
  })

  it('says that there was no file, which is no proof of anything', () => {
    const { text, marks } = state({ state: 'absent', settledMs: END_MS })
    expect(text).toContain('The site had no such file')
    expect(marks).not.toContain('#proof')
  })

  it('says nothing while the day runs', () => {
    const { text, marks } = shown(undefined)
    expect(text).toBeUndefined()
    expect(marks).not.toContain('#proof')
  })
})
