/** The data source that is chosen at the top of each dashboard. */
exports.DATASOURCE = { type: 'prometheus', uid: '$datasource' };
