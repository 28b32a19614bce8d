export { draining } from './draining.ts'
export { createRequireKey } from './create-require-key.ts'
