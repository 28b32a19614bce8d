export { draining } from './draining.ts'
export { createRequireKey } from './require-key.ts'
