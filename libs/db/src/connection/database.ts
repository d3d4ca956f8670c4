import 'reflect-metadata';
import { Client, type ClientConfig, type Pool, type QueryResultRow } from 'pg';
import { DataSource, type EntityTarget, type ObjectLiteral, type Repository } from 'typeorm';
import { ENTITIES } from '../entities';
import { MIGRATIONS } from '../migrations';

export interface DatabaseOptions {
  url: string;
  /** Connections at most. */
  poolSize: number;
  /** A statement that takes longer is cancelled, in milliseconds; 0 for none. */
  statementTimeoutMs: number;
  /** Time to get a connection, in milliseconds; then the database counts as unavailable. */
  connectTimeoutMs: number;
  /** Shown in pg_stat_activity. */
  applicationName: string;
  /**
   * Prepared statements are planned once per connection and not for each call. For processes whose statements all find
   * their rows by ids: a plan that prunes partitions while it runs then costs less than planning with them known.
   */
  genericPlans?: boolean;
  /** An idle connection broke; the pool replaces it. */
  onConnectionError?(error: Error): void;
}

/** Errors of the database worth another try of the whole statement: deadlock, serialisation failure. */
const TRANSIENT = new Set(['40P01', '40001']);
const TRANSIENT_TRIES = 5;

/**
 * A new connection knows no plans and no catalogue: its first statements cost several times what later ones do. So idle
 * ones are kept for long; the pool uses the warmest first.
 */
const IDLE_CONNECTION_MS = 600_000;

/**
 * For every session: no sequential scan where an index can serve, also when the statistics still say that a table is
 * empty, and no just-in-time compilation of statements that take a millisecond.
 */
const SESSION_OPTIONS = '-c enable_seqscan=off -c jit=off';

/**
 * Left to itself Postgres plans a claim anew each time, since it prices a generic plan as if no partition were pruned:
 * with a month of partitions that took a tenth of the throughput of batches.
 */
const GENERIC_PLANS = '-c plan_cache_mode=force_generic_plan';

/**
 * A connection that can break at any moment without ending the process. The pool listens for errors of idle connections
 * and TypeORM for those of the ones it took, but the latter only a microtask after the former has stopped; and a server
 * that goes down may say so together with its greeting. Whoever runs a statement is told by the statement.
 */
class SteadyClient extends Client {
  constructor(config?: ClientConfig) {
    super(config);
    this.on('error', () => undefined);
  }
}

/**
 * One process' connection pool. Hot statements are plain SQL through `rows`; tables that people edit go through
 * TypeORM repositories.
 */
export class Database {
  private constructor(
    readonly dataSource: DataSource,
    private readonly pool: Pool,
  ) {}

  /** Connects, and fails when the database cannot be reached. */
  static async connect(options: DatabaseOptions): Promise<Database> {
    const dataSource = new DataSource({
      type: 'postgres',
      url: options.url,
      applicationName: options.applicationName,
      entities: [...ENTITIES],
      migrations: [...MIGRATIONS],
      migrationsTableName: 'migrations',
      poolSize: options.poolSize,
      connectTimeoutMS: options.connectTimeoutMs,
      poolErrorHandler: (error: Error) => options.onConnectionError?.(error),
      extra: {
        Client: SteadyClient,
        statement_timeout: options.statementTimeoutMs,
        // The server may be unable to cancel (stopped, network gone): then the client gives up by itself.
        query_timeout: options.statementTimeoutMs && options.statementTimeoutMs + 2000,
        keepAlive: true,
        idleTimeoutMillis: IDLE_CONNECTION_MS,
        options: options.genericPlans ? `${SESSION_OPTIONS} ${GENERIC_PLANS}` : SESSION_OPTIONS,
      },
    });
    await dataSource.initialize();
    const pool = (dataSource.driver as unknown as { master: Pool }).master;
    return new Database(dataSource, pool);
  }

  /** Runs one statement and returns its rows. Retries deadlocks and serialisation failures, which left nothing behind. */
  async rows<T extends QueryResultRow>(sql: string, params: unknown[] = []): Promise<T[]> {
    return this.retrying(async () => (await this.pool.query<T>(sql, params)).rows);
  }

  private async retrying<T>(run: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await run();
      } catch (error) {
        if (attempt >= TRANSIENT_TRIES || !TRANSIENT.has((error as { code?: string }).code ?? ''))
          throw error;
      }
    }
  }

  /**
   * Runs a hot statement as a prepared one: planning the claim of 50 rows costs more than claiming them. `name` must be
   * unique for the text. Generic plans are safe here, because `SESSION_OPTIONS` keep an empty table's plan (a sequential
   * scan) from being cached.
   */
  async prepared<T extends QueryResultRow>(name: string, sql: string, params: unknown[]): Promise<T[]> {
    return this.retrying(async () => (await this.pool.query<T>({ name, text: sql, values: params })).rows);
  }

  /** A repository of one of the tables that people edit. */
  repository<T extends ObjectLiteral>(entity: EntityTarget<T>): Repository<T> {
    return this.dataSource.getRepository(entity);
  }

  /** Rejects when the database does not answer. */
  async ping(): Promise<void> {
    await this.pool.query('SELECT 1');
  }

  /** Connections of the pool: all, idle, and callers that wait for one. */
  poolFigures(): { total: number; idle: number; waiting: number } {
    return { total: this.pool.totalCount, idle: this.pool.idleCount, waiting: this.pool.waitingCount };
  }

  async close(): Promise<void> {
    await this.dataSource.destroy();
  }
}
