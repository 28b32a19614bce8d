/**
 * kafkajs's own rule for whether a consumer could go on after a crash: retries that ran out, or a
 * cause that can pass. Its one mistake is set right: a group whose coordinator stands on a broker
 * that is just going away is told that there is none.
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
