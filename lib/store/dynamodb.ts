import {
  ConditionalCheckFailedException,
  DeleteItemCommand,
  DynamoDBClient,
  type DynamoDBClientConfig,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
} from '@aws-sdk/client-dynamodb'
import type { Chance } from '../random.ts'
import { SECOND_MS } from '../time.ts'
import { awsError } from './aws-faults.ts'
import { awsPatience } from './aws-patience.ts'
import { itemOf, keyOf, type Row, rowOf } from './dynamodb-row.ts'
import { checkItemSize } from './item-size.ts'
import type { Content, Item, Key, Range, Table, Write } from './table.ts'

/** How often a call is made before it fails: with growing pauses and jitter, some 10 s in all. */
const MAX_ATTEMPTS = 8

/** From a request to its answer: a table answers within milliseconds, or its next node does. */
const REQUEST_MS = 5 * SECOND_MS

/** The table in DynamoDB. `config` says where, in tests; else the environment does. */
export function dynamodbTable(
  name: string,
  chance: Chance,
  config: DynamoDBClientConfig = {},
): Table {
  const client = new DynamoDBClient({
    maxAttempts: MAX_ATTEMPTS,
    requestHandler: awsPatience({ silenceMs: REQUEST_MS, answerMs: REQUEST_MS }),
    ...config,
  })
  const called = <T>(call: Promise<T>): Promise<T> =>
    call.catch((thrown) => {
      throw awsError(thrown, { code: 'table', name })
    })

  const get = async (key: Key): Promise<Item | undefined> => {
    const command = new GetItemCommand({ TableName: name, Key: keyOf(key), ConsistentRead: true })
    return itemOf((await called(client.send(command))).Item)
  }

  async function list(partition: string, range: Range = {}): Promise<Item[]> {
    if (range.from && range.to !== undefined && range.from > range.to) return []
    const items: Item[] = []
    for (let after: Row | undefined; ; ) {
      const command = new QueryCommand({
        TableName: name,
        ...conditionOf(partition, range),
        ConsistentRead: true,
        ScanIndexForward: !range.descending,
        ...(range.limit !== undefined && { Limit: range.limit - items.length }),
        ...(after && { ExclusiveStartKey: after }),
      })
      const { Items = [], LastEvaluatedKey } = await called(client.send(command))
      for (const row of Items) items.push(itemOf(row)!)
      if (!LastEvaluatedKey || items.length === range.limit) return items
      after = LastEvaluatedKey
    }
  }

  return {
    ...{ get, list },
    ...conditionalWrites(client, name, chance, get),
    async close() {
      client.destroy()
    },
  }
}

/** Writes of which each happens once, or not at all because something else stands there. */
function conditionalWrites(
  client: DynamoDBClient,
  name: string,
  chance: Chance,
  get: Table['get'],
): Pick<Table, 'create' | 'replace' | 'remove'> {
  /** Writes an item if `condition` holds; a failed one that finds our own write succeeded. */
  async function put(key: Key, content: Content, condition: Condition): Promise<Write> {
    checkItemSize(key, content)
    const version = chance.token()
    const command = new PutItemCommand({
      TableName: name,
      Item: rowOf(key, content, version),
      ...condition,
    })
    const standing = await refusedBy(client.send(command), key)
    if (standing === undefined || standing?.version === version) {
      return { done: true, item: { ...key, ...content, version } }
    }
    return { done: false, standing: standing ?? undefined }
  }

  /** What stands there instead: null for nothing, undefined when the write was not refused. */
  async function refusedBy(call: Promise<unknown>, key: Key): Promise<Item | null | undefined> {
    try {
      await call
      return undefined
    } catch (thrown) {
      if (!(thrown instanceof ConditionalCheckFailedException)) {
        throw awsError(thrown, { code: 'table', name })
      }
      return itemOf(thrown.Item) ?? (await get(key)) ?? null
    }
  }

  return {
    create: (key, content) => put(key, content, ABSENT),
    replace: (key, version, content) => put(key, content, at(version)),
    async remove(key, version) {
      const command = new DeleteItemCommand({
        TableName: name,
        Key: keyOf(key),
        ReturnValues: 'ALL_OLD',
        ...at(version),
      })
      let removed: Item | undefined
      const call = client.send(command).then(({ Attributes }) => {
        removed = itemOf(Attributes)
      })
      const standing = await refusedBy(call, key)
      if (standing === undefined) return { done: true, item: removed! }
      return { done: false, standing: standing ?? undefined }
    },
  }
}

type Condition = Pick<
  ConstructorParameters<typeof PutItemCommand>[0],
  'ConditionExpression' | 'ExpressionAttributeValues' | 'ReturnValuesOnConditionCheckFailure'
>

const ABSENT: Condition = {
  ConditionExpression: 'attribute_not_exists(p)',
  ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
}

function at(version: string): Condition {
  return {
    ConditionExpression: 'v = :v',
    ExpressionAttributeValues: { ':v': { S: version } },
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  }
}

function conditionOf(partition: string, { from, to }: Range) {
  const [condition, sorts] =
    from && to !== undefined
      ? [' AND s BETWEEN :from AND :to', { ':from': { S: from }, ':to': { S: to } }]
      : from
        ? [' AND s >= :from', { ':from': { S: from } }]
        : to !== undefined
          ? [' AND s <= :to', { ':to': { S: to } }]
          : ['', {}]
  return {
    KeyConditionExpression: `p = :p${condition}`,
    ExpressionAttributeValues: { ':p': { S: partition }, ...sorts } as Row,
  }
}
