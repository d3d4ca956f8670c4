export { pushChannel } from './channel';
export { pushParts } from './parts';
