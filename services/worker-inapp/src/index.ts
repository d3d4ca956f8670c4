export { inappChannel } from './channel';
export { inappParts } from './parts';
