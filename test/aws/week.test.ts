import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Deployed, deploy } from './deployed.ts'
import { synthesised } from './synthesised.ts'
import { endedOn, type Lived, onAws, onOneMachine, type WeekWorld, weekWorld } from './week.ts'

/**
 * The real week through the stacks as they are deployed: templates and bundled functions of the
 * CDK, queues, tables and buckets over the wire. Whatever a machine makes of the week with Node
 * alone, the stacks make of it too.
 */

const PIECES = 4

let embedded: Lived
let week: WeekWorld
let deployed: Deployed
let lived: Lived

beforeAll(async () => {
  const assembly = await synthesised()
  embedded = await onOneMachine(PIECES)
  week = await weekWorld('ses', PIECES)
  deployed = await deploy(assembly, week.world.folder)
  await onAws(deployed, week, (atMs) => deployed.tick('round', atMs))
  lived = await endedOn(deployed, week)
}, 240_000)
afterAll(async () => {
  await deployed?.close()
  await week?.close()
})

describe('the real week on the deployed stacks', () => {
  it('comes to the same rows, figures and open alarms', () => {
    expect(lived.known).toEqual(embedded.known)
  })

  it('comes to the same pages, byte for byte', () => {
    expect(Object.keys(lived.pages).length).toBeGreaterThan(100)
    expect(Object.keys(lived.pages).sort()).toEqual(Object.keys(embedded.pages).sort())
    const differing = Object.keys(lived.pages).filter(
      (path) => lived.pages[path] !== embedded.pages[path],
    )
    expect(differing).toEqual([])
  })

  it('mails the same, once', () => {
    expect(lived.mails.length).toBeGreaterThan(20)
    expect(lived.mails).toEqual(embedded.mails)
  })

  it('leaves no message behind, and no dead letter', async () => {
    for (const { name, logicalId } of deployed.stack.queues) {
      expect({ logicalId, bodies: await deployed.stack.bodiesIn(logicalId) }).toEqual({
        logicalId,
        bodies: [],
      })
      expect(name).toContain('siterounds-pipeline')
    }
  })

  it('logs JSON lines only, and nothing that failed', () => {
    for (const called of ['Dispatch', 'Collect', 'Notify', 'Report', 'Settle']) {
      const lines = deployed.linesOf(called).map((line) => JSON.parse(line))
      expect(lines.length).toBeGreaterThan(0)
      // Two of the sites have no service files of the summer.
      const bad = lines.filter(({ level, code }) => level !== 'info' && code !== 'nothing-found')
      expect(bad.filter(({ _aws }) => !_aws)).toEqual([])
    }
  })
})
