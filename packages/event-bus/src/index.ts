export { createInProcessBus } from './in-process.ts'
export type { EventHandler, EventPublisher, EventSubscriber, Subscription } from './ports.ts'
