export { createInProcessBus } from './in-process.ts'
export type { BatchHandler, EventHandler, EventPublisher, EventSubscriber, Subscription } from './ports.ts'
