export { type EmbeddedServer, EmbeddedServerError, type EmbeddedServerErrorCode } from './embedded-server';
export { freePort } from './free-port';
export { type EmbeddedPostgresOptions, startEmbeddedPostgres } from './postgres/start-embedded-postgres';
export { installedRedis } from './redis/installed-redis';
export { type EmbeddedRedisOptions, startEmbeddedRedis } from './redis/start-embedded-redis';
export { removeEmbeddedData } from './remove-embedded-data';
