export type { CheckedKey } from './check-auth-api-keys.ts'
export { isStraightFromLoopback } from './adapters/http/request/is-straight-from-loopback.ts'
export { buildAuthApi, type BuiltAuthApi } from './build-auth-api.ts'
export { buildAuthCore, type AuthCore } from './build-auth-core.ts'
export { parseAuthApiConfig, type AuthApiConfig } from './config.ts'
export { AUTH_API_MIGRATIONS } from './auth-api-migrations.ts'
export { DEMO_PASSWORD, refusePassword } from './domain/password-policy.ts'
export type { FileLine, ImportSummary } from './use-cases/users/import-users.ts'
export type {
  KeyAdministration,
  SigningKeySummary,
} from './use-cases/signing-keys/key-administration.ts'
export type { UserAdministration } from './use-cases/users/user-administration.ts'
