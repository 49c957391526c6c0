/** One row of the table: a rate, and a ratio of two times that were taken in the same run. */
export interface Line {
  name: string
  rate: number
  unit: string
  ratio: number
  /** What the ratio compares: `<ratio> x <of>`. */
  of: string
  /** Most memory that the process of this line had, in MiB. */
  peakMiB: number
  note?: string
  /** What this line must come to, on two cores and in full size. */
  target?: { text: string; met: boolean }
}

/** Seconds that `work` takes. */
export async function secondsOf(work: () => unknown): Promise<number> {
  const fromMs = performance.now()
  await work()
  return (performance.now() - fromMs) / 1000
}

/** The middle one of some figures. */
export function median(figures: readonly number[]): number {
  const sorted = [...figures].sort((one, other) => one - other)
  return sorted[Math.floor(sorted.length / 2)]!
}

/**
 * Two works, by turns, `times` times each after one turn that is not counted: medians of their
 * seconds, and the median of their ratios, which a busy machine moves less than the seconds.
 */
export async function byTurns(
  times: number,
  measured: () => unknown,
  beside: () => unknown,
): Promise<{ seconds: number; besideSeconds: number; ratio: number }> {
  const turns: { seconds: number; besideSeconds: number }[] = []
  for (let turn = 0; turn <= times; turn += 1) {
    // What the turn before left behind must not be swept up in this one's time.
    globalThis.gc?.()
    const besideSeconds = await secondsOf(beside)
    globalThis.gc?.()
    const seconds = await secondsOf(measured)
    if (turn > 0) turns.push({ seconds, besideSeconds })
  }
  return {
    seconds: median(turns.map((turn) => turn.seconds)),
    besideSeconds: median(turns.map((turn) => turn.besideSeconds)),
    ratio: median(turns.map((turn) => turn.seconds / turn.besideSeconds)),
  }
}

/** Most memory that this process has had so far, in MiB. */
export function peakMiB(): number {
  return Math.round(process.resourceUsage().maxRSS / 1024)
}
