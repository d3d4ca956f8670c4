export { smsChannel } from './channel';
export { smsParts } from './parts';
