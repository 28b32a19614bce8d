/** A set of listeners and a function that calls all of them. */
export function createListeners() {
  const listeners = new Set<() => void>()
  return {
    emit: () => listeners.forEach((changed) => changed()),
    subscribe(changed: () => void) {
      listeners.add(changed)
      return () => void listeners.delete(changed)
    },
  }
}
