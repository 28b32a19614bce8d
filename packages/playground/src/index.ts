export { playground, type PlaygroundOptions } from './playground.ts'
export type { PlaygroundSettings } from './settings.ts'
