import type { Environment } from './record-settings.ts'

/** Settings of earlier versions that are constants now: docs/decisions/0045. */
const CONSTANTS = [
  'CLEANUP_BATCH_SIZE',
  'CLEANUP_BUDGET_SECONDS',
  'CLEANUP_WORKER_POOL_SIZE',
  'DRAIN_SECONDS',
  'KAFKA_PARTITIONS',
  'KAFKA_RETENTION_DAYS',
  'SIGNING_KEY_ROTATION_DAYS',
  'THREAT_REPLAY_ELSEWHERE',
  'THREAT_REUSE',
  'THREAT_SHADOW',
  'THREAT_SIGN_IN_AFTER_REUSE',
]

/** A sentence for each setting that an operator has set and that no longer has an effect. */
export const findIgnoredSettings = (environment: Environment): string[] =>
  CONSTANTS.filter((name) => (environment[name] ?? '') !== '').map(
    (name) => `Setting ${name} is ignored: its value is a constant now`,
  )
