/**
 * Runs the work of one key in order, and that of different keys side by side. A failure holds up
 * nothing.
 */
export function createOneByOne() {
  const lasts = new Map<string, Promise<unknown>>()
  return <T>(key: string, work: () => Promise<T>): Promise<T> => {
    const done = (lasts.get(key) ?? Promise.resolve()).then(work)
    const last = done
      .catch(() => {})
      .then(() => {
        if (lasts.get(key) === last) lasts.delete(key)
      })
    lasts.set(key, last)
    return done
  }
}
