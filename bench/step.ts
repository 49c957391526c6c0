import type { Step, World } from './world.ts'

/**
 * One step of a bench in a process of its own: `node step.ts <bench> <step> <world as JSON>`.
 * It loads that bench alone, so that its peak of memory is its own, and sends its lines to its
 * parent.
 */
const [bench, step, world] = process.argv.slice(2) as [string, string, string]
const { STEPS } = (await import(`./${bench}.ts`)) as { STEPS: Record<string, Step> }
process.send!(await STEPS[step]!(JSON.parse(world) as World))
process.disconnect()
