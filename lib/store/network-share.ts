import { readFileSync, statfsSync } from 'node:fs'
import { RoundsError } from '../errors.ts'

/**
 * Kinds of network file systems by the number that Linux's statfs gives them
 * (linux/magic.h and the heads of fs/nfs, fs/smb, fs/ceph, fs/lustre).
 */
const NETWORK_KINDS: Readonly<Record<number, string>> = {
  26985: 'NFS', // 0x6969
  20859: 'SMB', // 0x517b
  4266872130: 'SMB', // 0xfe534d42
  4283649346: 'CIFS', // 0xff534d42
  1397113167: 'AFS', // 0x5346414f
  1799439955: 'AFS', // 0x6b414653
  1937076805: 'Coda', // 0x73757245
  22092: 'NCP', // 0x564c
  12805120: 'Ceph', // 0x00c36400
  198183888: 'Lustre', // 0x0bd00bd0
  1196443219: 'GPFS', // 0x47504653
  16914839: '9p', // 0x01021997
}

/** FUSE's number: what is behind it is told by the table of mounts only. */
const FUSE = 0x65735546

/** Kinds behind FUSE that lie on another machine. */
const FUSE_NETWORK =
  /^fuse\.(sshfs|rclone|s3fs|gcsfuse|goofys|mount-s3|glusterfs|ceph|juicefs|davfs.*|curlftpfs)$/

/** What the operating system says of a folder's file system; a test may make it up. */
export interface FileSystemFacts {
  /** The number of statfs. */
  type: number
  /** The text of /proc/self/mountinfo; empty where there is none. */
  mounts: string
}

/**
 * Throws, class `stop`, for a folder on a network share: SQLite's locks and its shared memory do
 * not hold there, so that two machines, or two processes, would ruin the store (F65).
 */
export function refuseNetworkShare(folder: string, facts: FileSystemFacts = factsOf(folder)): void {
  const kind = networkKind(folder, facts)
  if (kind === undefined) return
  throw new RoundsError(
    'store-on-network',
    'stop',
    `The state folder ${folder} lies on a network share (${kind}), where SQLite's locks fail.`,
    'Let state in the configuration name a folder on a disk of this machine.',
  )
}

function factsOf(folder: string): FileSystemFacts {
  // The numbers are Linux's; other systems number their file systems in ways of their own.
  if (process.platform !== 'linux') return { type: 0, mounts: '' }
  const { type } = statfsSync(folder)
  return { type, mounts: type === FUSE ? readFileSync('/proc/self/mountinfo', 'utf8') : '' }
}

function networkKind(folder: string, { type, mounts }: FileSystemFacts): string | undefined {
  if (type !== FUSE) return NETWORK_KINDS[type]
  const kind = mountedKind(folder, mounts)
  return kind !== undefined && FUSE_NETWORK.test(kind) ? kind : undefined
}

/** The kind of the innermost mount that holds the folder; see proc_pid_mountinfo(5). */
function mountedKind(folder: string, mounts: string): string | undefined {
  let longest = ''
  let kind: string | undefined
  for (const line of mounts.split('\n')) {
    const fields = line.split(' ')
    const place = (fields[4] ?? '').replace(/\\([0-7]{3})/g, (_, octal: string) =>
      String.fromCharCode(Number.parseInt(octal, 8)),
    )
    const holds = place === '/' || folder === place || folder.startsWith(`${place}/`)
    // A later mount over the same place hides the earlier one.
    if (!place || !holds || place.length < longest.length) continue
    longest = place
    kind = fields[fields.indexOf('-') + 1]
  }
  return kind
}
