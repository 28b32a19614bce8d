import type { EventType } from '../events.ts'

/** One sentence an event, for `docs/events.md`. */
export const EVENT_MEANINGS: Record<EventType, string> = {
  'session.issued.v1': 'Somebody signed in: a session with its first pair of tokens exists.',
  'session.rotated.v1': 'A refresh token was exchanged for its successor.',
  'session.reuse-detected.v1':
    'A superseded refresh token came back: somebody else holds a copy. The session has ended; no `revoked` event follows.',
  'session.revoked.v1': 'A session was ended before its time, by its user or by us.',
  'session.expired.v1': 'A session reached its idle or its absolute end and was swept.',
  'session.regression-detected.v1':
    'A genuine token was ahead of the database, which therefore went back in time (a restore, a fail-over that lost commits). The session goes on.',
  'session.replay-suspected.v1':
    'The first replay of a generation from another network or user agent than the rotation. It was served. `streak` 0 is an honest client with two networks; another user agent is a second client.',
  'session.shadow-suspected.v1':
    'Three generations were followed by a client that never rotates: somebody may be refreshing right behind the user.',
  'login.succeeded.v1': 'A user name and password were right.',
  'login.failed.v1': 'A sign-in was refused.',
  'refresh.refused.v1':
    'A refresh token was refused. At most 60 a minute are told of one address; trouble of ours and limits are no refusals.',
  'security.pattern-detected.v1':
    'Something suspicious was counted to its threshold: once for each subject and window. Nothing was blocked. [What to do](security-operations.md).',
}
