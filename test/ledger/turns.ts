import type { Table } from '../../lib/store/table.ts'

/** Lets several writers go on one step at a time, in an order that the test decides. */
export interface Turns {
  /** Waits until it is writer `who`'s turn. */
  turn(who: number): Promise<void>
  /** Lets the writers go on until all of `work` is done; `choose` says whose step comes next. */
  until(work: Promise<unknown>[], choose: (waiting: number[]) => number): Promise<void>
}

/** A fresh order of turns. */
export function turns(): Turns {
  const waiting: { who: number; go: () => void }[] = []
  return {
    turn: (who) => new Promise((go) => waiting.push({ who, go })),
    async until(work, choose) {
      let open = work.length
      for (const one of work) {
        one.then(
          () => (open -= 1),
          () => (open -= 1),
        )
      }
      while (open > 0) {
        // All that can happen without a turn happens first.
        await new Promise((resolve) => setImmediate(resolve))
        if (waiting.length === 0) continue
        const index = choose(waiting.map(({ who }) => who)) % waiting.length
        waiting.splice(index, 1)[0]!.go()
      }
    },
  }
}

/** A table each of whose operations waits for a turn before, and for another one behind it. */
export function tableInTurns(table: Table, turn: () => Promise<void>): Table {
  const inTurn =
    <A extends unknown[], R>(operation: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      await turn()
      const result = await operation(...args)
      await turn()
      return result
    }
  return {
    get: inTurn(table.get),
    create: inTurn(table.create),
    replace: inTurn(table.replace),
    remove: inTurn(table.remove),
    list: inTurn(table.list),
    close: table.close,
  }
}
