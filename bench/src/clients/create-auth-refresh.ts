import type { AxiosInstance } from 'axios'
import { createAuthRefresh as ofLibrary } from 'axios-auth-refresh'

/** Its types belong to the CommonJS build of axios, which differs from ours. */
export const createAuthRefresh = ofLibrary as unknown as (
  api: AxiosInstance,
  refresh: () => Promise<void>,
) => number
