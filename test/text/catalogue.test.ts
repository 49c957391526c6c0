import { describe, expect, it } from 'vitest'
import { CATALOGUE } from '../../lib/text/catalogue.ts'
import { en } from '../../lib/text/en.ts'
import { zhCN } from '../../lib/text/zh-CN.ts'

describe.each(Object.values(CATALOGUE))('the texts in $languageName', (texts) => {
  it('say nothing twice in one list of words', () => {
    for (const words of [texts.words.severity, texts.words.coverage, texts.words.reject]) {
      expect(new Set(Object.values(words)).size).toBe(Object.values(words).length)
    }
  })

  it('speak their own language', () => {
    const written = JSON.stringify([texts.words, texts.day, texts.overview, texts.navigation])
    if (texts.language === 'en') expect(written).not.toMatch(/\p{Script=Han}/u)
    else expect(written.match(/\p{Script=Han}/gu)?.length).toBeGreaterThan(200)
  })
})

describe('sentences', () => {
  it('are Chinese', () => {
    const say = zhCN.findings
    const one = { name: 'app02', percent: '95%' }
    expect(
      say.sentence([
        say.openAlarms(10, 2, ['话单积压', '温度过高']),
        say.cpu([one], 0),
        say.disk([one, one, one], 2),
        say.service('low', ['呼叫数', 'MO'], '星期二'),
      ]),
    ).toBe(
      '10 项告警未恢复（紧急 2 项：话单积压、温度过高）；app02 的 CPU 全天平均 95%；' +
        '5 个磁盘将满（app02 95%、app02 95%、app02 95%，另 2 个）；呼叫数、MO 远低于往常的星期二。',
    )
  })

  it('are English', () => {
    const say = en.findings
    expect(
      say.sentence([
        say.cpu([{ name: 'app02', percent: '95%' }], 0),
        say.feeds('missing', ['System', 'Alarm']),
        say.openAlarms(1, 0, []),
        say.rejects(1),
      ]),
    ).toBe(
      'CPU of app02 averaged 95%; System and Alarm data are missing; 1 alarm still open; ' +
        '1 line not understood.',
    )
  })

  it('of days name the weekday and the month', () => {
    expect(zhCN.units.day('2026-11-01')).toBe('2026 年 11 月 1 日')
    expect(en.units.day('2026-11-01')).toBe('1 November 2026')
    expect([zhCN.units.weekday(7), en.units.weekday(1)]).toEqual(['星期日', 'Monday'])
  })
})
