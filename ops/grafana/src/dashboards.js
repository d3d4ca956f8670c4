const { api } = require('./api');
const { channels } = require('./channels');
const { overview } = require('./overview');
const { queues } = require('./queues');
const { runtime } = require('./runtime');

/** All dashboards; each becomes `<uid>.json`. */
exports.DASHBOARDS = [overview, channels, queues, api, runtime];
