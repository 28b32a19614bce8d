export { playground, type PlaygroundOptions } from './playground.ts'
export type { PlaygroundSettings } from './playground-settings.ts'
