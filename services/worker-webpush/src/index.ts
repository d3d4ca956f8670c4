export { webpushChannel } from './channel';
export { webpushParts } from './parts';
