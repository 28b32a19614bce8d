import { memoryStorage } from './memory-storage.ts'
import type { TokenStorage } from './token-storage.ts'
import { webStorage } from './web-storage.ts'

/** `localStorage` where there is one that may be used, else memory: on servers, in workers, where the user blocks it. */
export function defaultStorage(): TokenStorage {
  try {
    const area = globalThis.localStorage
    area.getItem('')
    return webStorage(area)
  } catch {
    return memoryStorage()
  }
}
