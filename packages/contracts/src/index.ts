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
  CreatePasswordTokenBody,
  CreateUserBody,
  PasswordTokenData,
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
  SessionData,
  SessionsData,
  ChangePasswordBody,
  ResetPasswordBody,
  SignInBody,
  TokenPairData,
  TokenStatusData,
} from './http.ts'
export {
  RenewalBody,
  RenewalData,
  RenewalPeekData,
  RevocationsData,
  RevocationsQuery,
} from './back-ends.ts'
export {
  DetectionsRequest,
  DetectionsResult,
  TimelineRequest,
  TimelineResult,
  type AuditTrailReader,
  type TimelineWindow,
} from './audit-trail-api.ts'
export {
  Detection,
  DetectionsData,
  DetectionsQuery,
  TIMELINE_TYPES,
  TimelineData,
  TimelineEntry,
  TimelineQuery,
  type TimelineType,
} from './investigation.ts'
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
  SEVERITIES,
  toSeverity,
  toTopic,
  type AnyEvent,
  type EventData,
  type EventOf,
  type EventType,
  type LoginEventType,
  type Pattern,
  type RefusalCode,
  type SessionEventType,
  type Severity,
} from './events.ts'
export {
  InspectRequest,
  InspectResult,
  IssueRequest,
  IssueResult,
  ListSessionsResult,
  MAX_REFRESH_TOKEN_LENGTH,
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
