export type { Clock } from './clock.ts'
export { repeat, type Repeating } from './repeat.ts'
export { throttledLog } from './throttled-log.ts'
export { withDeadline } from './with-deadline.ts'
