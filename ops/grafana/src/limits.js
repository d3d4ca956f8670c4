/**
 * Where alerts begin, for the lines in panels. The figures stand in ops/prometheus/rules.yml; a test compares each with the
 * expression and the severity of its alert.
 */
const page = (alert, value) => ({ alert, value, severity: 'page' });
const ticket = (alert, value) => ({ alert, value, severity: 'ticket' });

exports.LIMITS = {
  burnFast: page('HeraldSloBurnsFast', 14.4),
  burnSlow: ticket('HeraldSloBurnsSlowly', 3),
  ageCritical: page('HeraldDeliveriesWait', 30),
  ageDefault: page('HeraldDeliveriesWait', 600),
  ageDefaultSoon: ticket('HeraldQueueGrows', 120),
  ageBulk: ticket('HeraldQueueGrows', 7200),
  channelFails: page('HeraldChannelDown', 0.5),
  providerFails: ticket('HeraldProviderFails', 0.2),
  breakerOpens: ticket('HeraldBreakerOpen', 3),
  deadLetters: ticket('HeraldDeadLetters', 10),
  rescues: ticket('HeraldRelayRescues', 100),
  daysAhead: ticket('HeraldPartitionsRunOut', 3),
  defaultRows: ticket('HeraldDefaultPartitionFills', 0),
  retentionBusy: ticket('HeraldRetentionStuck', 12),
  retentionWaiting: ticket('HeraldRetentionStuck', 7),
  receiptsMissing: ticket('HeraldReceiptsMissing', 10),
  receiptsForged: ticket('HeraldReceiptsForged', 5),
  receiptsWait: ticket('HeraldReceiptsWait', 300),
  receiptsGivenUp: ticket('HeraldReceiptsGivenUp', 0),
  webhookEventsWait: ticket('HeraldWebhookEventsWait', 120),
  apiErrors: page('HeraldApiErrors', 0.01),
  apiRefuses: page('HeraldApiRefuses', 0.05),
  realtimeRefuses: ticket('HeraldRealtimeRefuses', 0),
  processDown: ticket('HeraldProcessDown', 0.7),
  eventLoop: ticket('HeraldEventLoopLags', 0.5),
};
