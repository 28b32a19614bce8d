import { overview } from './dashboards/overview.ts'
import { pipeline } from './dashboards/pipeline.ts'
import { runtime } from './dashboards/runtime.ts'
import { security } from './dashboards/security.ts'

/** The dashboards by file name in `dashboards/`. */
export const DASHBOARDS = { overview, security, pipeline, runtime }

/** The committed JSON. The SDK would hide every link and annotation in a menu. */
export const toJson = (dashboard: (typeof DASHBOARDS)[keyof typeof DASHBOARDS]) =>
  `${JSON.stringify(dashboard, withoutMenus, 2)}\n`

const withoutMenus = (key: string, value: unknown) =>
  key === 'placement' && value === 'inControlsMenu' ? undefined : value
