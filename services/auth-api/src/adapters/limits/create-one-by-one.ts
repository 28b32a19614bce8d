/**
 * Returns a function that runs work for the same key in order, and for different keys in parallel.
 * A failure does not block later work.
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
