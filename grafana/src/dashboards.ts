import { overview } from './dashboards/overview.ts'
import { pipeline } from './dashboards/pipeline.ts'
import { runtime } from './dashboards/runtime.ts'
import { security } from './dashboards/security.ts'

/** By the name of its file in `dashboards/`. */
export const DASHBOARDS = { overview, security, pipeline, runtime }

/** As it is committed. The SDK would hide every link and annotation in a menu. */
export const toJson = (dashboard: (typeof DASHBOARDS)[keyof typeof DASHBOARDS]) =>
  `${JSON.stringify(dashboard, (key, value: unknown) => (key === 'placement' && value === 'inControlsMenu' ? undefined : value), 2)}\n`
