import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { App } from 'aws-cdk-lib'
import * as lambda from 'aws-cdk-lib/aws-lambda'
import { buildFunction, type FunctionName } from './assets.ts'
import { addStacks } from './stacks.ts'

const folder = mkdtempSync(join(tmpdir(), 'siterounds-functions-'))

/** The CDK copies what was built into its output when a function takes it. */
function builtCode(name: FunctionName): lambda.Code {
  buildFunction(name, join(folder, name))
  return lambda.Code.fromAsset(join(folder, name))
}

const { CDK_DEFAULT_ACCOUNT: account, CDK_DEFAULT_REGION: region } = process.env

// Without credentials the stacks are for any account and region; with them the region is known,
// which decides what there is of AWS.
addStacks(new App(), builtCode, account && region ? { account, region } : {})
rmSync(folder, { recursive: true })
