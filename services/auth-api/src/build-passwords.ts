import { randomBytes } from 'node:crypto'
import type { TokenStore } from '@auto-refresh/contracts'
import type { Pool } from 'pg'
import { createPasswordTokenCodes } from './adapters/crypto/create-password-token-codes.ts'
import { createPostgresPasswordTokens } from './adapters/postgres/create-postgres-password-tokens.ts'
import { createPostgresUserImports } from './adapters/postgres/create-postgres-user-imports.ts'
import type { Limits } from './build-limits.ts'
import type { Passwords } from './ports/passwords.ts'
import type { PasswordChangeEvents } from './ports/password-changes.ts'
import type { HashUsername } from './ports/sign-in-limits.ts'
import type { Log, Metrics } from './ports/telemetry.ts'
import type { Users } from './ports/users.ts'
import { createChangePassword } from './use-cases/passwords/change-password.ts'
import { createCreatePasswordToken } from './use-cases/passwords/create-password-token.ts'
import { createRecordPasswordChange } from './use-cases/passwords/record-password-change.ts'
import { createResetPassword } from './use-cases/passwords/reset-password.ts'
import type { DeliverRevocations } from './use-cases/sessions/deliver-revocations.ts'
import type { RecordLogin } from './use-cases/sign-in/record-login.ts'
import { createImportUsers } from './use-cases/users/import-users.ts'

type BuildPasswordsDeps = Readonly<{
  pool: Pool
  onChanged: (userId: string) => void
  tokenStore: TokenStore
  users: Users
  passwords: Passwords
  limits: Pick<Limits, 'throttle' | 'passwordResetLimit'>
  events: PasswordChangeEvents
  recordLogin: RecordLogin
  deliverRevocations: DeliverRevocations
  hashUsername: HashUsername
  startDeadline: () => AbortSignal
  metrics: Metrics
  log: Log
}>

/** The use cases that set passwords, and the import of users with their hashes. */
export function buildPasswords({
  pool,
  onChanged,
  events,
  limits: { throttle, passwordResetLimit: limit },
  ...shared
}: BuildPasswordsDeps) {
  const passwordTokens = createPostgresPasswordTokens({ pool, onChanged })
  const tokenCodes = createPasswordTokenCodes({ randomBytes })
  const recordPasswordChange = createRecordPasswordChange({ ...shared, events })
  const passing = { ...shared, passwordTokens, tokenCodes, recordPasswordChange }
  return {
    changePassword: createChangePassword({ ...passing, throttle }),
    resetPassword: createResetPassword({ ...passing, limit }),
    createPasswordToken: createCreatePasswordToken(passing),
    importUsers: createImportUsers({
      ...shared,
      imports: createPostgresUserImports({ pool, onChanged }),
    }),
  }
}
