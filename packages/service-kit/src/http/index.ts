export {
  createFindApiKey,
  createRequireApiKey,
  type FindApiKey,
  type RequestActor,
  type RequireScope,
} from './api-keys.ts'
export { draining } from './draining.ts'
export { createRequireKey } from './create-require-key.ts'
