/**
 * Whether a consumer can continue after a crash, by kafkajs's own rule: exhausted retries or a
 * temporary cause. One case is corrected: `KafkaJSGroupCoordinatorNotFound` is temporary, because
 * the broker of the coordinator may be shutting down.
 */
export function isRetriable(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if (
    error.name === 'KafkaJSNumberOfRetriesExceeded' ||
    error.name === 'KafkaJSGroupCoordinatorNotFound'
  )
    return true
  if (error.cause instanceof Error) return isRetriable(error.cause)
  return 'retriable' in error && error.retriable === true
}
