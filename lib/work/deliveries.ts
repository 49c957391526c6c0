/** A message as SQS hands it to a function; of its many fields those that are read. */
export interface Delivery {
  messageId: string
  body: string
  attributes?: {
    /** How often it was received, this time included: a whole number as a text. */
    ApproximateReceiveCount?: string
  }
}

/** What SQS hands to a function. */
export interface Deliveries {
  Records: Delivery[]
}

/** Tells SQS which messages are to be delivered again; all others are done. */
export interface DeliveryFailures {
  batchItemFailures: { itemIdentifier: string }[]
}

/** What a function is told about its own run; of its many fields those that are read. */
export interface RunContext {
  awsRequestId: string
  getRemainingTimeInMillis(): number
}
