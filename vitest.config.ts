import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/**
 * The files that take longest, longest first. In a fresh clone Vitest knows only how large files
 * are, and some of these are small: a core would wait for the last of them.
 */
const LONGEST = [
  ...['aws/faulty-week', 'simulation/simulation', 'aws/week', 'browser/pages', 'torture/torture'],
  ...['pipeline/pieces', 'upkeep/rebuild', 'demo/start', 'bench/bench', 'cli/killed'],
  ...['upkeep/flip', 'upkeep/remove-site', 'faults/http', 'infra/assets', 'cli/trouble-disk'],
].map((name) => `/test/${name}.test.ts`)

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const place = LONGEST.findIndex((end) => moduleId.endsWith(end))
      return place === -1 ? LONGEST.length : place
    }
    return (await super.sort(files)).sort((one, other) => rank(one) - rank(other))
  }
}

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/fixtures/once-a-run.ts'],
    setupFiles: ['test/fixtures/left-behind.ts'],
    testTimeout: 30_000,
    // Two cores: two files at once keep servers and browsers of different tests from starving.
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    // A process for each file would import everything again: a third of all the work.
    isolate: false,
    // The CDK checks templates against schemas as well: `npm run synth` does, and takes seconds.
    env: { CDK_VALIDATION: 'false' },
  },
})
