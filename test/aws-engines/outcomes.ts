import { relative } from 'node:path'
import type { TestModule } from 'vitest/node'

/** What came of the tests of one file. */
export interface Outcome {
  passed: number
  /** Also counts a file that broke before its tests. */
  failed: number
  /** Each test that was skipped, with its reason. */
  skipped: string[]
}

/** What came of each file, by its path from the root of the repository. */
export function outcomesOf(modules: readonly TestModule[]): Map<string, Outcome> {
  return new Map(
    modules.map((module) => [relative(process.cwd(), module.moduleId), outcomeOf(module)]),
  )
}

function outcomeOf(module: TestModule): Outcome {
  const outcome: Outcome = { passed: 0, failed: 0, skipped: [] }
  for (const test of module.children.allTests()) {
    const result = test.result()
    if (result.state === 'passed') outcome.passed += 1
    else if (result.state === 'skipped') {
      outcome.skipped.push(`${test.fullName}: ${result.note ?? 'it does not say why'}`)
    } else outcome.failed += 1
  }
  // A file that broke, or in which nothing ran, must not look like one that passed.
  if (!module.ok() || outcome.passed === 0) outcome.failed ||= 1
  return outcome
}
