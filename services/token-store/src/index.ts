export { buildTokenStore, type BuiltTokenStore } from './build-token-store.ts'
export { TOKEN_STORE_MIGRATIONS } from './token-store-migrations.ts'
export {
  parseTokenStoreConfig,
  parseTokenStoreProcessConfig,
  type TokenStoreConfig,
} from './config.ts'
