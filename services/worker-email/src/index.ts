export { emailChannel } from './channel';
export { emailParts } from './parts';
