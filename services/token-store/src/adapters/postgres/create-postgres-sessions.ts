import type { Pool, PoolClient } from 'pg'
import { decideEvictions } from '../../domain/decide-issue.ts'
import type { ServiceRecord } from '../../domain/service-record.ts'
import type { Change, Session } from '../../domain/session.ts'
import type { Sessions, SessionsRead } from '../../ports.ts'
import { applyChanges } from './apply-changes.ts'
import { inTwoRoundTrips } from './in-two-round-trips.ts'
import { insertSession } from './insert-session.ts'
import { lockSessions, lockSessionsBelowVersion } from './lock-sessions.ts'
import { readClock } from './read-clock.ts'
import { readRevocations } from './read-revocations.ts'
import { readActiveSessions, readSessions } from './read-sessions.ts'
import { holdUserVersion, raiseUserVersion } from './user-versions.ts'

/** Sessions in Postgres. `mark` returns until when this process served: an open gap begins there. */
export function createPostgresSessions({
  pool,
  mark,
}: {
  pool: Pool
  mark: ServiceRecord['mark']
}): Sessions {
  return {
    change(ids, decide) {
      return inTwoRoundTrips(
        pool,
        async (client) =>
          toRead(...(await Promise.all([lockSessions(client, ids), readClock(client, mark)]))),
        (locked) => toApplied(decide(locked), locked),
      )
    },

    changeBelowVersion({ userId, version }, decide) {
      return inTwoRoundTrips(
        pool,
        async (client) => {
          const [, sessions, clock] = await Promise.all([
            raiseUserVersion(client, userId, version),
            lockSessionsBelowVersion(client, userId, version),
            readClock(client, mark),
          ])
          return toRead(sessions, clock)
        },
        (locked) => toApplied(decide(locked), locked),
      )
    },

    insert({ userId, userVersion, sessionLimit }, decide) {
      return inTwoRoundTrips(
        pool,
        async (client) => {
          const revokedUpTo = await holdUserVersion(client, userId)
          const excess = decideEvictions(await readActiveSessions(client, userId), sessionLimit)
          const locked = await lockSessions(
            client,
            excess.map((session) => session.id),
          )
          const { nowMs } = await readClock(client, mark)
          return {
            revokedUpTo,
            excess: locked.filter((session) => session.revokeReason === null),
            nowMs,
          }
        },
        ({ revokedUpTo, excess, nowMs }) => {
          if (revokedUpTo > userVersion) return { result: undefined }
          const { result, issued, ended } = decide(excess, nowMs)
          return {
            result,
            apply: (client) =>
              Promise.all([
                insertSession(client, issued),
                ended.length > 0 ? applyChanges(client, ended, toMap(excess)) : undefined,
              ]),
          }
        },
      )
    },

    async read(ids) {
      const client = await pool.connect()
      try {
        return toRead(...(await Promise.all([readSessions(client, ids), readClock(client, mark)])))
      } finally {
        client.release()
      }
    },

    activeOf: (userId) => readActiveSessions(pool, userId),
    revocations: (request) => readRevocations(pool, request),
  }
}

function toRead(sessions: readonly Session[], clock: SessionsRead['clock']): SessionsRead {
  return { sessions: toMap(sessions), clock }
}

const toMap = (sessions: readonly Session[]) =>
  new Map(sessions.map((session) => [session.id, session]))

function toApplied<T>(
  { result, changes }: { result: T; changes: readonly Change[] },
  { sessions }: SessionsRead,
) {
  return changes.length === 0
    ? { result }
    : { result, apply: (client: PoolClient) => applyChanges(client, changes, sessions) }
}
