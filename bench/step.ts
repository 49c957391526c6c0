import { BENCHES } from './benches.ts'
import type { World } from './world.ts'

/**
 * One step of a bench in a process of its own: `node step.ts <bench> <step> <world as JSON>`.
 * It sends its lines to its parent.
 */
const [name, index, world] = process.argv.slice(2) as [string, string, string]
const bench = BENCHES.find((one) => one.name === name)!
process.send!(await bench.steps[Number(index)]!(JSON.parse(world) as World))
process.disconnect()
