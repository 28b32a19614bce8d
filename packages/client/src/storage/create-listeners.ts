/** Who is to be told of a change. */
export function createListeners() {
  const listeners = new Set<() => void>()
  return {
    tell: () => listeners.forEach((changed) => changed()),
    subscribe(changed: () => void) {
      listeners.add(changed)
      return () => void listeners.delete(changed)
    },
  }
}
