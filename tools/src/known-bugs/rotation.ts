import type { KnownBug } from './known-bug.ts'

const store = { workspace: 'services/token-store' } as const
const domain = (file: string, test: string) =>
  ({ ...store, file: `services/token-store/src/domain/${file}`, project: 'unit', test }) as const

export const ROTATION: readonly KnownBug[] = [
  {
    ...domain('decide-rotation.ts', 'followers'),
    name: 'a quick replay from another network is excused, so a thief is not detected',
    find: 'assessReplay(session, presented.context, sameAttempt)',
    replace:
      'assessReplay(session, presented.context, sameAttempt || clock.nowMs - session.rotatedAtMs <= 2000)',
  },
  {
    ...domain('decide-rotation.ts', 'decide-rotation'),
    name: 'strict serves a quick replay by another user agent',
    find: 'if (assessment.isForeign &&',
    replace: 'if (clock.nowMs - session.rotatedAtMs > 2000 && assessment.isForeign &&',
  },
  {
    ...domain('assess-replay.ts', 'followers'),
    name: 'a skipped generation ends the streak of a follower',
    find: 'const STREAK_GAP = 8',
    replace: 'const STREAK_GAP = 1',
  },
  {
    ...domain('assess-replay.ts', 'followers'),
    name: 'a replay by an honest network also clears the generation that a thief replayed',
    find: `{} : { suspectNetwork: '', suspectRun: 0 }`,
    replace: '{} : {}',
  },
  {
    ...domain('assess-replay.ts', 'decide-rotation'),
    name: 'an Idempotency-Key excuses another user agent',
    find: 'const excused = !otherAgent && (ownAttempt ||',
    replace: 'const excused = ownAttempt || !otherAgent && (false ||',
  },
  {
    ...domain('decide-rotation.ts', 'decide-rotation'),
    name: 'an old token that a restore made current stays valid when its owner refreshes',
    find: 'if (regressed && contradictsRegression(',
    replace: 'if (regressed && !contradictsRegression && contradictsRegression(',
  },
  {
    ...domain('decide-rotation.ts', 'decide-rotation'),
    name: 'a rotation in the future keeps the window open until the clock has caught up',
    find: 'regressedAtMs ?? 0) <= nowMs)',
    replace: 'regressedAtMs ?? 0) <= Infinity)',
  },
  {
    ...domain('token-bucket.ts', 'decide-rotation'),
    name: 'a clock that went back limits a session until it has caught up',
    find: 'if (bucket.atMs - nowMs > limit.seconds * 1000)',
    replace: 'if (bucket.atMs - nowMs > Infinity)',
  },
  {
    ...store,
    name: 'a time that is no number reaches a decision',
    file: 'services/token-store/src/domain/session.ts',
    find: `typeof value !== 'number' || Number.isFinite(value)`,
    replace: 'value !== undefined',
    project: 'int',
    test: 'followers',
  },
  {
    ...store,
    name: 'a migration that adds a column breaks the prepared statements of running replicas',
    file: 'services/token-store/src/adapters/postgres/lock-sessions.ts',
    find: 'select ${SESSION_COLUMN_NAMES} from token_store.sessions where id',
    replace: 'select * from token_store.sessions where id',
    project: 'int',
    test: 'followers',
  },
  {
    workspace: 'services/threat-monitor',
    name: 'a shadow with the user agent of its owner is not detected',
    file: 'services/threat-monitor/src/domain/to-observations.ts',
    find: `return [\n        { pattern: 'shadow',`,
    replace: `return event.data.presented.agent === event.data.rotated.agent ? [] : [\n        { pattern: 'shadow',`,
    project: 'unit',
    test: 'watch-events',
  },
  {
    workspace: 'services/auth-api',
    name: 'peeks are not limited',
    file: 'services/auth-api/src/use-cases/refresh/auto-refresh.ts',
    find: 'if (!taken.allowed)',
    replace: 'if (!taken.allowed && !notDueLimit)',
    project: 'unit',
    test: 'auto-refresh',
  },
]
