export { buildTokenStore, type BuiltTokenStore } from './build-token-store.ts'
export { TOKEN_STORE_MIGRATIONS } from './check-token-store-schema.ts'
export {
  parseTokenStoreConfig,
  parseTokenStoreProcessConfig,
  type TokenStoreConfig,
} from './config.ts'
