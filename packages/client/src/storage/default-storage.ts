import { areaStorage } from './area-storage.ts'
import { memoryStorage } from './memory-storage.ts'
import type { TokenStorage } from './token-storage.ts'

/**
 * `localStorage` where there is one that may be used: not on servers, in workers, where the user
 * blocks it.
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
