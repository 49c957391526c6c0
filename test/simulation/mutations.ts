/** One thing broken on purpose: the text in a file of lib/, and what stands there instead. */
export interface Mutation {
  name: string
  changes: { file: string; find: string; put: string }[]
}

/**
 * Parts of the product without which it loses or doubles something. Each text must stand in its
 * file exactly once, so that no mutation is ever tested without being there.
 */
export const MUTATIONS: readonly Mutation[] = [
  {
    name: 'the overlap compare',
    changes: [
      {
        file: 'lib/ledger/open.ts',
        find: ' && markerOf(bytes).sha256 === place.marker.sha256',
        put: '',
      },
    ],
  },
  {
    name: 'the conditional create',
    changes: [
      {
        file: 'lib/ledger/ledger.ts',
        find: 'const write = await store.table.create(\n    key,',
        put:
          'const standing = await store.table.get(key)\n' +
          '  const write = await (standing\n' +
          '    ? (at: typeof key, content: Parameters<Table["create"]>[1]) =>\n' +
          '        store.table.replace(at, standing.version, content)\n' +
          '    : store.table.create)(\n    key,',
      },
    ],
  },
  {
    name: 'the count of lines applied',
    changes: [
      {
        file: 'lib/ledger/tally.ts',
        find: 'lines: tally.lines + parsed.lines,',
        put: 'lines: record.aside ? tally.lines : tally.lines + parsed.lines,',
      },
      {
        file: 'lib/ledger/days.ts',
        find: 'if (tally.lines !== rows.rows) throw',
        put: 'if (tally.lines > rows.rows) throw',
      },
    ],
  },
  {
    name: 'keeping recovered occurrences',
    changes: [
      {
        file: 'lib/alarms/book.ts',
        find: 'one.recovered && (lastTime(one) > newestMs - RECENT_MS || mayReturn(one))',
        put: 'one.recovered && mayReturn(one)',
      },
    ],
  },
  {
    name: 'the `aside` records',
    changes: [
      {
        file: 'lib/ledger/pull.ts',
        find: 'if (loss.bytes.length === 0) continue',
        put: 'if (loss.bytes.length >= 0) continue',
      },
    ],
  },
  {
    name: 'computing also after a round that found nothing',
    changes: [
      {
        file: 'lib/ledger/collect-day.ts',
        find: 'collected.newest.set(feed, outcome.place.sequence)',
        put: 'if (outcome.appended.length > 0) collected.newest.set(feed, outcome.place.sequence)',
      },
    ],
  },
  {
    name: 'the archive name holding its number',
    changes: [
      {
        file: 'lib/ledger/archive.ts',
        find: 'sequenceKey(sequence)}.zst',
        put: 'sequenceKey(Math.sign(sequence))}.zst',
      },
    ],
  },
  {
    name: 'keeping the newest close record',
    changes: [
      {
        file: 'lib/ledger/ledger.ts',
        find: 'isClose(record) ? content : { ...content,',
        put:
          'isClose(record)\n' +
          '      ? { ...content, expiresAt: expiryOf(store, file, record.proof.readAtMs) }\n' +
          '      : { ...content,',
      },
    ],
  },
  {
    name: 'the gap check',
    changes: [
      {
        file: 'lib/ledger/ledger.ts',
        find: '({ sort }, index) => sort !== sequenceKey(first + index)',
        put: '() => false',
      },
    ],
  },
  {
    name: 'the marker that a glance compares',
    changes: [
      {
        file: 'lib/rounds/glance.ts',
        find: 'return isSame(overlap, marker) && sha256(rest) === tail.sha256',
        put: 'return overlap.length + rest.length > 0 || isSame(overlap, marker)',
      },
      {
        file: 'lib/rounds/glance.ts',
        find: 'if (!found || bytes.length !== length) return false',
        put: 'if (!found) return false',
      },
    ],
  },
]
