import type { TokenStore } from '@auto-refresh/contracts'
import type { Pool } from 'pg'
import { createInUserTransaction } from './adapters/postgres/create-in-user-transaction.ts'
import { createPostgresUserDirectory } from './adapters/postgres/create-postgres-user-directory.ts'
import { eraseRecords, isErased } from './adapters/postgres/erase-user.ts'
import type { CheckAccessToken } from './ports/access-tokens.ts'
import type { Passwords } from './ports/passwords.ts'
import type { Revocations } from './ports/revocations.ts'
import type { Clock } from './ports/runtime.ts'
import type { HashUsername } from './ports/sign-in-limits.ts'
import type { Log } from './ports/telemetry.ts'
import type { Users } from './ports/users.ts'
import type { LimitRefused } from './use-cases/refresh/limit-refused.ts'
import type { DeliverRevocations } from './use-cases/sessions/deliver-revocations.ts'
import { createSessionAdministration } from './use-cases/sessions/session-administration.ts'
import { createCheckAdministrator } from './use-cases/users/check-administrator.ts'
import { createUserAdministration } from './use-cases/users/user-administration.ts'

/** What administrators do, over HTTP and at the command line. */
export function buildAdministration({
  pool,
  onUserChanged,
  limitRefused,
  ...deps
}: Readonly<{
  pool: Pool
  /** called after the commit of a change */
  onUserChanged: (id: string) => void
  tokenStore: TokenStore
  users: Users
  passwords: Passwords
  hashUsername: HashUsername
  revocations: Revocations
  deliverRevocations: DeliverRevocations
  checkAccessToken: CheckAccessToken
  limitRefused: LimitRefused
  clock: Clock
  log: Log
}>) {
  return {
    users: createUserAdministration({
      ...deps,
      directory: createPostgresUserDirectory({ pool }),
      inTransaction: createInUserTransaction({ pool, onChanged: onUserChanged }),
      erasures: {
        isErased: (userId) => isErased(pool, userId),
        eraseRecords: (limit) => eraseRecords(pool, limit),
      },
    }),
    sessions: createSessionAdministration(deps),
    checkAdministrator: createCheckAdministrator(deps),
    limitRefused,
  }
}
