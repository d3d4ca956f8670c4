export { DataFolder, type DevFile } from './data-folder';
export { type Standalone, startStandalone } from './start-standalone';
