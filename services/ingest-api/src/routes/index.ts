import { cancelNotificationHandler } from './cancel-notification-handler';
import { getDeliveryHandler } from './get-delivery-handler';
import { getNotificationHandler } from './get-notification-handler';
import { listNotificationsHandler } from './list-notifications-handler';
import { type ReadDeps } from './read-deps';
import { retryDeliveryHandler } from './retry-delivery-handler';

/** The handlers of every route of the ingest API that is not answered ahead of Express, by operation. */
export function createReadHandlers(deps: ReadDeps) {
  return {
    listNotifications: listNotificationsHandler(deps),
    getNotification: getNotificationHandler(deps),
    cancelNotification: cancelNotificationHandler(deps),
    getDelivery: getDeliveryHandler(deps),
    retryDelivery: retryDeliveryHandler(deps),
  };
}
