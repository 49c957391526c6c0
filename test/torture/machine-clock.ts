/**
 * Loaded before the program by `node --import`: the machine's clock says TORTURE_CLOCK_MS when the
 * process starts, and goes on from there, as on a machine whose clock was set.
 */
const asked = process.env.TORTURE_CLOCK_MS
if (asked !== undefined) {
  const RealDate = Date
  const aheadMs = Number(asked) - RealDate.now()
  const now = () => RealDate.now() + aheadMs

  class ShiftedDate extends RealDate {
    constructor(...parts: unknown[]) {
      super(...((parts.length === 0 ? [now()] : parts) as [number]))
    }
    static override now(): number {
      return now()
    }
  }
  globalThis.Date = ShiftedDate as DateConstructor
}
