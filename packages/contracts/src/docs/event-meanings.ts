import type { EventType } from '../events.ts'

/** What each event means, for `docs/events.md`. */
export const EVENT_MEANINGS: Record<EventType, string> = {
  'session.issued.v1': 'A user signed in: a session and its first token pair were created.',
  'session.rotated.v1': 'A refresh token was exchanged for its successor.',
  'session.reuse-detected.v1':
    'A superseded refresh token was used outside the grace window: two parties hold tokens. ' +
    'The session is revoked; no `revoked` event follows.',
  'session.revoked.v1': 'A session was revoked by its user, an administrator or a limit.',
  'session.expired.v1': 'A session reached its idle deadline or its absolute end and was deleted.',
  'session.regression-detected.v1':
    'An authentic token is newer than the database, after a restore or a failover that lost ' +
    'commits. The session continues.',
  'session.replay-suspected.v1':
    'First replay of a generation from another network or user agent than its rotation. It was granted.',
  'session.shadow-suspected.v1':
    'A client that never rotates has replayed three generations: a thief may follow the user.',
  'login.succeeded.v1': 'A sign-in succeeded.',
  'login.failed.v1': 'A sign-in was refused.',
  'login.password-changed.v1':
    'A user has set a new password. All sessions have ended, but the one that changed it.',
  'refresh.refused.v1':
    'A refresh token was refused. At most 60 per minute and address are published; ' +
    'rate limits and internal errors are not.',
  'security.pattern-detected.v1':
    'A suspicious pattern reached its threshold; published once per subject and window. ' +
    'Nothing was blocked. [What to do](security-operations.md).',
}
