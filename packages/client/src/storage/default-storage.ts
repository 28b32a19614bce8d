import { areaStorage } from './area-storage.ts'
import { memoryStorage } from './memory-storage.ts'
import type { TokenStorage } from './token-storage.ts'

/**
 * `localStorage` if it exists and may be used: it does not on servers and in workers, or if the
 * user blocks it.
 */
export function localArea(): Storage | undefined {
  try {
    globalThis.localStorage.getItem('')
    return globalThis.localStorage
  } catch {
    return undefined
  }
}

/** `localStorage`, else memory. */
export function defaultStorage(): TokenStorage {
  const area = localArea()
  return area === undefined ? memoryStorage() : areaStorage(area)
}
