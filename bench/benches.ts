/** A row of the table: steps that run one after the other, each in a process of its own. */
export interface Bench {
  name: string
  /** Keys of `STEPS` in the module of the same name; only the step's process loads it. */
  steps: string[]
}

/** Every bench, in the order of the table. */
export const BENCHES: readonly Bench[] = [
  {
    name: 'parse',
    steps: ['prepare', 'system', 'systemGb', 'alarm', 'alarmGb', 'service', 'serviceGb'],
  },
  { name: 'collect', steps: ['prepare', 'directory', 'http'] },
  { name: 'resume', steps: ['prepare', 'directory', 'http'] },
  { name: 'fleet', steps: ['prepare', 'round'] },
  { name: 'pages', steps: ['pages'] },
  { name: 'cold', steps: ['build', 'start'] },
]
