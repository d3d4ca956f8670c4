export { webhookChannel } from './channel';
export { webhookParts } from './parts';
