import { type EmailContentDto } from '@herald/contracts';
import { type ClaimedDelivery, type Database, loadAttachments } from '@herald/db';
import { type ChannelDefinition, type Rendered } from '@herald/delivery';
import { compile } from 'html-to-text';

/** What is stored of an e-mail's content: attachments are kept apart. */
type StoredEmail = Omit<EmailContentDto, 'attachments'> & { attachmentCount?: number };

const toText = compile({ wordwrap: 78, selectors: [{ selector: 'img', format: 'skip' }] });

/** E-mail: text is derived from html when it is missing. */
export const emailChannel: ChannelDefinition<'email'> = { channel: 'email', render };

async function render(delivery: ClaimedDelivery, db: Database): Promise<Rendered<'email'>> {
  const content = delivery.content as StoredEmail | undefined;
  if (!content) return { ok: false, detail: 'There is no e-mail content.' };
  const attachments = content.attachmentCount ? await loadAttachments(db, delivery.notificationId) : [];
  return {
    ok: true,
    message: {
      to: delivery.address,
      from: content.from,
      replyTo: content.replyTo,
      subject: content.subject,
      html: content.html,
      text: content.text ?? toText(content.html ?? ''),
      headers: content.headers ?? {},
      attachments,
    },
  };
}
