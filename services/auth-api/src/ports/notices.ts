export type Notice = Readonly<{
  id: string
  userId: string
  sessionId: string
  occurredAtMs: number
}>

export interface Notices {
  /** Idempotent by the event id. */
  add(notice: Notice): Promise<void>
  /** The notices that are not dismissed, newest first, at most 100. */
  list(userId: string): Promise<Notice[]>
  /** Returns `false` when the user has no such notice. */
  dismiss(userId: string, id: string): Promise<boolean>
}
