import type { AxiosInstance } from 'axios'
import { createAuthRefresh as ofLibrary } from 'axios-auth-refresh'

/** Its types are those of the CommonJS axios, which are not those of ours. */
export const createAuthRefresh = ofLibrary as unknown as (
  api: AxiosInstance,
  refresh: () => Promise<void>,
) => number
