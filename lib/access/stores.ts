/** PORT: where the keys of access links are kept, and where the edge finds them. */

/** The secret whose text holds the keys: what stands in it is what counts. */
export interface KeySecret {
  /** Its text and which version of it that is; both undefined while nothing was ever put in. */
  read(): Promise<{ text?: string; version?: string }>
  /**
   * Puts text in the place of the version that was read. False when somebody else has put another
   * one there since: nothing is changed then.
   */
  replace(text: string, version: string | undefined): Promise<boolean>
}

/** What is to be changed at the edge. */
export interface EdgeChange {
  put: ReadonlyMap<string, string>
  remove: readonly string[]
}

/** The store that the function at the edge reads: secrets by the names of their keys. */
export interface EdgeKeys {
  /** All that it holds, and which version of the store that is. */
  read(): Promise<{ secrets: ReadonlyMap<string, string>; version: string }>
  /** Makes a change all at once. False when the store is of another version: nothing is changed. */
  change(change: EdgeChange, version: string): Promise<boolean>
}
