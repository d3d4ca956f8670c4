export { SmtpConfig } from './email/smtp';
export * from './registry';
export {
  SIMULATED_BEHAVIOURS,
  SIMULATED_WEBHOOK_HOST,
  type SimulatedBehaviour,
  simulatedProvider,
} from './simulated/simulated';
export { TwilioConfig } from './sms/twilio';
export * from './validate-provider-config';
export { StandardWebhookConfig } from './webhook/standard-webhook';
export { newVapidKeyPair } from './webpush/vapid-key';
export { WebPushConfig } from './webpush/web-push';
