export * from './ids';
export * from './plan-notification';
export * from './retry-policy';
export * from './send-outcome';
export * from './settle';
export * from './sms-segments';
