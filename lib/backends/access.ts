import type { AccessStores } from '../access/key-turning.ts'

/** Where a deployed report site is, and where the keys of its links are: outputs of the stacks. */
export interface AccessPlaces {
  /** With `https://`. */
  publicUrl: string
  accessSecretArn: string
  keyValueStoreArn: string
}

/**
 * Opens the two stores of the keys. Only commands that people run do, so the clients are loaded on
 * demand, and no function carries them. They take keys and endpoints from the environment.
 */
export async function openAccess(
  { accessSecretArn, keyValueStoreArn }: AccessPlaces,
  env: Record<string, string | undefined>,
): Promise<AccessStores> {
  const [{ keySecret }, { keyValueStore }] = await Promise.all([
    import('../access/key-secret.ts'),
    import('../access/key-value-store.ts'),
  ])
  const at = env.AWS_ENDPOINT_URL_CLOUDFRONT_KEYVALUESTORE
  return { secret: keySecret(accessSecretArn), edge: keyValueStore(keyValueStoreArn, { at }) }
}
