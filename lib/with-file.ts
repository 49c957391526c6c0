import { type FileHandle, open } from 'node:fs/promises'

/** Opens a file or a folder for `use`, and closes it whatever comes of that. */
export async function withFile(
  name: string,
  flags: string,
  use: (file: FileHandle) => Promise<void>,
): Promise<void> {
  const file = await open(name, flags)
  try {
    await use(file)
  } finally {
    await file.close()
  }
}
