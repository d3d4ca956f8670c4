import { type Database } from '../connection/database';

export interface StoredAttachment {
  filename: string;
  contentType: string;
  content: Buffer;
}

/** The attachments of a notification, in order. Read when a message is rendered, so that a claim stays small. */
export async function loadAttachments(db: Database, notificationId: string): Promise<StoredAttachment[]> {
  return db.prepared<StoredAttachment & Record<string, unknown>>(
    'load-attachments',
    `SELECT filename, content_type AS "contentType", content FROM attachments
     WHERE notification_id = $1 ORDER BY position`,
    [notificationId],
  );
}
