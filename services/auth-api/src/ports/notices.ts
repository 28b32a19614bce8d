export type NoticeKind = 'session_ended_token_reused' | 'password_changed'

export type Notice = Readonly<{
  id: string
  kind: NoticeKind
  userId: string
  /** the session that ended, or that changed the password */
  sessionId?: string
  occurredAtMs: number
}>

export interface Notices {
  /** Adds a notice about a reuse. Idempotent by the event id. */
  add(notice: Omit<Notice, 'kind'>): Promise<void>
  /** The notices that are not dismissed, newest first, at most 100. */
  list(userId: string): Promise<Notice[]>
  /** Returns `false` when the user has no such notice. */
  dismiss(userId: string, id: string): Promise<boolean>
}
