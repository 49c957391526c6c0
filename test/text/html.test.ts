import { describe, expect, it } from 'vitest'
import { html, raw, safeHref } from '../../lib/text/html.ts'

describe('html', () => {
  it('escapes text, in lists as well, and lets Html pass', () => {
    const list = ['<b>', html`<i>${'&'}</i>`]
    expect(String(html`<p title="${'"\''}">${list}${raw('<br>')}</p>`)).toBe(
      '<p title="&quot;&#39;">&lt;b&gt;<i>&amp;</i><br></p>',
    )
  })

  it('leaves out nothing but null, undefined and false', () => {
    expect(String(html`${0}${''}${null}${undefined}${false}${'0'}`)).toBe('00')
  })

  it('makes signs visible that would hide or turn text', () => {
    expect(String(html`${'a\u202eb\u0000c\u2066d\u009be\n\tf'}`)).toBe(
      'a\ufffdb\ufffdc\ufffdd\ufffde\n\tf',
    )
  })
})

describe('safeHref', () => {
  it.each([
    '../../index.html',
    '#alarms',
    'https://example.org/a?b=c&d',
    'mailto:a@example.org',
    '/index.html',
  ])('lets %s pass', (target) => {
    expect(safeHref(target)).toBe(target)
  })

  it.each([
    'javascript:alert(1)',
    ' javascript:alert(1)',
    'java\nscript:alert(1)',
    'JaVaScRiPt:alert(1)',
    'data:text/html,x',
    '//evil.example/',
    '/\\evil.example',
    'vbscript:x',
    'file:///etc/passwd',
    'https://a b',
  ])('refuses %j', (target) => {
    expect(safeHref(target)).toBe('#')
  })
})
