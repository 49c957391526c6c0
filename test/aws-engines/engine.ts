import type { EngineService } from '../fixtures/other-engines.ts'
import type { Fetching } from './fetched.ts'
import type { Started } from './started.ts'

/** An engine that stands for a service of AWS and that npm does not install. */
export interface Engine {
  /** As it is told. */
  name: string
  /** What must be installed for it. */
  needs: string
  service: EngineService
  /** The test files that run against it. */
  tests: readonly string[]
  /** Fetches it unless that was done, and starts it empty; throws why it cannot be had. */
  start(fetching: Fetching): Promise<Started>
}
