export { startAdminServer } from './admin-server.ts'
export { createLogger, createSilentLogger, LOG_LEVELS, type Logger, type LogLevel } from './logger.ts'
export { maskSecrets } from './mask-secrets.ts'
export { createMetrics, type Metrics } from './metrics.ts'
