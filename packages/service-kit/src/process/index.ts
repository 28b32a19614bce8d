export { createInternalApp } from './create-internal-app.ts'
export { EXIT_CONFIG, runMain } from './run-main.ts'
export { runMigrations } from './run-migrations.ts'
export { runService, type ServiceParts } from './run-service.ts'
