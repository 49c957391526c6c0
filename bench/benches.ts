import { COLLECT } from './collect.ts'
import { FLEET } from './fleet.ts'
import { PAGES } from './pages.ts'
import { PARSE } from './parse.ts'
import { RESUME } from './resume.ts'
import type { Bench } from './world.ts'

/** Every bench, in the order of the table. */
export const BENCHES: readonly Bench[] = [PARSE, COLLECT, RESUME, FLEET, PAGES]
