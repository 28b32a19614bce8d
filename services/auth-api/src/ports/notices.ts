export type Notice = Readonly<{
  id: string
  userId: string
  sessionId: string
  occurredAtMs: number
}>

export interface Notices {
  /** Idempotent by the event id. */
  leave(notice: Notice): Promise<void>
  list(userId: string): Promise<Notice[]>
  dismiss(userId: string, id: string): Promise<boolean>
}
