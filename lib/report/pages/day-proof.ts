import type { Level } from '../../figures/verdict.ts'
import type { Proof } from '../../ledger/record.ts'
import type { Settling } from '../../ledger/settling.ts'
import type { Feed } from '../../site.ts'
import type { Html } from '../../text/html.ts'
import { html } from '../../text/html.ts'
import type { ProofTexts, Texts } from '../../text/texts.ts'
import type { Zone } from '../../time.ts'
import { levelShape } from './marks.ts'

/** How far one feed of a day that is over is on its way to being settled. */
export interface FeedSettling {
  settling: Settling
  /** The day file's name without its folders, as a reader of the page would find it. */
  fileName: string
  /** The last line had no newline, and counted. */
  tailCounted: boolean
}

/** What of a day is shown here: its feeds that are over, in their order. */
export type Settled = { feed: Feed; settled?: FeedSettling }

/** `MM-DD HH:MM`, and of it just the minute: seconds say nothing here. */
const MINUTE = [5, 16] as const

/** One mark for the top of the page, once every feed is settled and at least one of them closed. */
export function settledMark(feeds: readonly Settled[], texts: Texts): Html | false {
  const states = feeds.map(({ settled }) => settled?.settling.state)
  const whole = states.every((state) => state === 'settled' || state === 'absent')
  if (!whole || !states.includes('settled')) return false
  return html`<li title="${texts.day.proof.note}">${levelShape('calm')} <a href="#proof">${
    texts.day.proof.mark
  }</a></li>`
}

/** Feed by feed, whether the day is settled, and what that proved; nothing while it runs. */
export function proofSection(feeds: readonly Settled[], zone: Zone, texts: Texts): Html | false {
  const over = feeds.flatMap(({ feed, settled }) => (settled ? [{ feed, settled }] : []))
  const [first] = over
  if (!first) return false
  const words = texts.day.proof
  const states = new Set(over.map(({ settled }) => settled.settling.state))
  // Until the morning all feeds wait for the same: that need not be said of each.
  const isWaiting = states.size === 1 && states.has('due')
  const main = isWaiting
    ? html`<p class="empty">${stateLine(first.settled.settling, zone, words)}</p>`
    : html`<ul class="proofs">
${over.map((one) => proofOf(one, zone, texts))}</ul>
${states.has('settled') && html`<p class="means">${words.check}</p>`}`
  return html`<section id="proof"><h2>${words.title} <small>${words.note}</small></h2>
${main}</section>
`
}

function proofOf({ feed, settled }: Required<Settled>, zone: Zone, texts: Texts): Html {
  const { settling } = settled
  const says = stateLine(settling, zone, texts.day.proof)
  const proved = settling.state === 'settled' && facts(settled, settling.proof, texts)
  return html`<li><h3>${texts.words.feed[feed]}</h3><div><p>${says}</p>
${proved}</div></li>
`
}

function stateLine(settling: Settling, zone: Zone, words: ProofTexts): Html {
  const [level, says] = stateOf(settling, zone, words)
  return html`${levelShape(level)} ${says}`
}

function stateOf(settling: Settling, zone: Zone, words: ProofTexts): [Level, string] {
  const at = (ms: number) => zone.textOf(ms).slice(...MINUTE)
  switch (settling.state) {
    case 'settled': {
      const { compared, readAtMs } = settling.proof
      return compared ? ['calm', words.equal(at(readAtMs))] : ['note', words.gone(at(readAtMs))]
    }
    case 'due':
      return ['note', words.due(at(settling.dueMs))]
    case 'reopened':
      return ['warn', words.reopened(at(settling.settledMs))]
    case 'absent':
      return ['note', words.absent]
  }
}

/** The sums, and below them the digest: a line as `sha256sum` prints it, to compare or to copy. */
function facts({ fileName, tailCounted }: FeedSettling, proof: Proof, texts: Texts): Html {
  const words = texts.day.proof
  const parts = [
    sum(proof, texts),
    words.bytes(proof.bytes),
    tailCounted && words.tail,
    proof.generation > 0 && words.newest(proof.generation + 1),
  ].filter((part) => part !== false)
  return html`<p>${parts.join(' · ')}</p>
<p><code><span class="digest">${proof.sha256}</span>  ${fileName}</code></p>
`
}

/** `1,880 lines = 1,877 readings + 3 not understood`: kinds that are none are left out. */
function sum(proof: Proof, texts: Texts): string {
  const { term } = texts.day.proof
  const others = (['rejects', 'unknown', 'blank'] as const).filter((kind) => proof[kind] > 0)
  const terms = (['readings', ...others] as const).map((kind) => term[kind](proof[kind]))
  return `${texts.day.lines(proof.lines)} = ${terms.join(' + ')}`
}
