/** A way to post notifications. */
export interface Scenario {
  title: string;
  path: string;
  /** Notifications per request. */
  perRequest: number;
  /** Times the count that was asked for, so that runs take about as long. */
  countFactor: number;
  /** Bounds the connections: a batch is much work, and more at once are only memory. */
  maxConnections: number;
}

export const SCENARIO_NAMES = ['single', 'batch'] as const;
export type ScenarioName = (typeof SCENARIO_NAMES)[number];

export const SCENARIOS: Record<ScenarioName, Scenario> = {
  single: {
    title: 'Herald, single POSTs',
    path: '/v1/notifications',
    perRequest: 1,
    countFactor: 1,
    maxConnections: 1000,
  },
  batch: {
    title: 'Herald, 100 per POST',
    path: '/v1/notifications/batch',
    perRequest: 100,
    countFactor: 2,
    maxConnections: 16,
  },
};
