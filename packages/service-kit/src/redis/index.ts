export { createBreaker, type Breaker } from './create-breaker.ts'
export { createGuardedRedis, type GuardedRedis, type Redis } from './create-guarded-redis.ts'
