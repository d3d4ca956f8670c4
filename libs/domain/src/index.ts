export * from './ids';
export * from './plan-notification';
export * from './retry-policy';
export * from './routing/provider-health';
export * from './routing/rank-providers';
export * from './send-outcome';
export * from './settle';
export * from './sms-segments';
