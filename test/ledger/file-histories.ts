import fc from 'fast-check'

/** One thing that happens to a day file. */
export type Step =
  | { kind: 'append' | 'rewrite'; lines: string[] }
  | { kind: 'partial'; text: string }
  | { kind: 'cut'; at: number }
  | { kind: 'regrow'; same: boolean; seed: number }
  | { kind: 'ring'; lines: string[] }
  | { kind: 'delete' }

const LINE = 65_536

// Few distinct lines among others with a number of their own: repeats and markers that differ.
const line = fc.oneof(
  { weight: 4, arbitrary: fc.nat(5).map((n) => `line ${n}\n`) },
  { weight: 6, arbitrary: fc.nat(1e9).map((n) => `only ${n} ${'y'.repeat(n % 40)}\n`) },
  { weight: 1, arbitrary: fc.constantFrom('\n', '\r\n', '\uFEFFa\n') },
)

// Over 64 KiB, and holes of NUL bytes: some heads and tails are shared between lines.
const large = fc.oneof(
  fc
    .tuple(fc.constantFrom(LINE - 1, LINE, LINE + 1, 2 * LINE + 9), fc.nat(3), fc.nat(2))
    .map(([size, head, tail]) => `${String(head).repeat(size)}${tail}\n`),
  fc
    .tuple(fc.constantFrom(5, LINE - 1, LINE, LINE + 7), fc.nat(2))
    .map(([size, n]) => `${'\0'.repeat(size)}line ${n}\n`),
)

/** Any text that no web page or JSON begins with: such an answer is refused, which others test. */
const noMarkup = fc.string().map((text) => text.replace(/[<[{]/g, '('))

/** Histories of one day file. */
export function historiesOf(withLarge: boolean): fc.Arbitrary<Step[]> {
  const one = withLarge
    ? fc.oneof({ weight: 5, arbitrary: line }, { weight: 1, arbitrary: large })
    : line
  const lines = fc.array(one, { maxLength: 6 })
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('append' as const), lines }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('rewrite' as const), lines }) },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant('partial' as const), text: noMarkup }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('cut' as const), at: fc.nat(400) }) },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('regrow' as const),
        same: fc.boolean(),
        seed: fc.nat(1e9),
      }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('ring' as const), lines }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('delete' as const) }) },
  )
  return fc.array(step, { minLength: 1, maxLength: 14 })
}

/** The file after a step. */
export function after(file: Buffer | undefined, step: Step): Buffer | undefined {
  const content = file ?? Buffer.alloc(0)
  switch (step.kind) {
    case 'append':
      return Buffer.concat([content, Buffer.from(step.lines.join(''))])
    case 'rewrite':
      return Buffer.from(step.lines.join(''))
    case 'partial':
      return Buffer.concat([content, Buffer.from(step.text)])
    case 'cut':
      return content.subarray(0, step.at)
    case 'regrow':
      return regrown(content, step)
    case 'ring': {
      const rest = content.subarray(content.indexOf('\n') + 1)
      return Buffer.concat([rest, Buffer.from(step.lines.join(''))])
    }
    case 'delete':
      return undefined
  }
}

/** Other content of the same size, or of a larger one (F03). */
function regrown(content: Buffer, { same, seed }: Step & { kind: 'regrow' }): Buffer {
  const other = Buffer.from(`new ${seed}\n`.repeat(Math.ceil((content.length + 50) / 6)))
  return same ? other.subarray(0, content.length) : other.subarray(0, content.length + 50)
}
