import { Command } from 'commander'
import { expect, test } from 'vitest'
import { addSchema } from '../../lib/cli/schema.ts'
import { recordingTerminal } from './recording-terminal.ts'

test('prints the JSON Schema and nothing else', async () => {
  const terminal = recordingTerminal('.')
  const program = new Command().exitOverride()
  addSchema(program, terminal)
  await program.parseAsync(['schema'], { from: 'user' })
  expect(JSON.parse(terminal.stdout)).toMatchObject({
    $schema: 'http://json-schema.org/draft-07/schema#',
    type: 'object',
    required: ['state', 'sites'],
    additionalProperties: false,
  })
  expect(terminal).toMatchObject({ stderr: '', exitCode: 0 })
})
