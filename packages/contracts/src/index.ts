export { API_KEY_SCOPES, type ApiKey, type ApiKeyScope } from './api-key.ts'
export { ConfigError } from './config-error.ts'
export { CodedError, ERROR_CODES, type ErrorCode } from './error-codes.ts'
export { toErrorEnvelope } from './to-error-envelope.ts'
export { AccessTokenClaims, LONGEST_ACCESS_TOKEN_SECONDS } from './claims.ts'
export { CreateSessionBody } from './create-session-body.ts'
export {
  AdminSessionData,
  AdminSessionsData,
  AdminUserData,
  AdminUsersData,
  AdminUsersQuery,
  ChangeUserBody,
  CreateUserBody,
} from './admin.ts'
export {
  Envelope,
  ErrorEnvelope,
  EXAMPLE,
  HEADERS,
  HOST_REFRESH_COOKIE,
  IdParams,
  MeData,
  NoticeData,
  NoticesData,
  REFRESH_COOKIE,
  RefreshBody,
  RenewalBody,
  RenewalData,
  RenewalPeekData,
  RevocationsData,
  RevocationsQuery,
  SessionData,
  SessionsData,
  SignInBody,
  TokenPairData,
  TokenStatusData,
} from './http.ts'
export {
  ClientContext,
  EVENT_TOPICS,
  EVENTS,
  LOGIN_EVENTS_TOPIC,
  PATTERNS,
  REFUSAL_CODES,
  RevokeReason,
  REVOKE_REASONS,
  SECURITY_EVENTS_TOPIC,
  SESSION_EVENTS_TOPIC,
  toTopic,
  type AnyEvent,
  type EventData,
  type EventOf,
  type EventType,
  type LoginEventType,
  type Pattern,
  type RefusalCode,
  type SessionEventType,
} from './events.ts'
export {
  InspectRequest,
  InspectResult,
  IssueRequest,
  IssueResult,
  ListSessionsResult,
  PeekResult,
  RevocationsRequest,
  RevocationsResult,
  RevokeSessionRequest,
  RevokeSessionResult,
  RevokeUserRequest,
  RevokeUserResult,
  RotateRequest,
  RotateResult,
  StoredSession,
  type TokenStore,
} from './token-store-api.ts'
export {
  canRecord,
  noTracing,
  type SpanAttributes,
  type SpanOptions,
  type Tracing,
} from './tracing.ts'
